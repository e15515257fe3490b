#include "engine/formats/json_lines.h"

#include <simdjson.h>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"
#include "engine/formats/foreign_format.h"
#include "engine/formats/line_reader.h"
#include "engine/value/diagnostics.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

constexpr int64_t kMaxDepth = 32;
constexpr size_t kMaxShown = 160;
// The parser uses up to 14 times the memory of the longest line.
constexpr int64_t kMaxLineBytes = int64_t{64} << 20;
constexpr size_t kMaxListBytes = size_t{64} << 20;

// Passes the events of the JSON parser to the handler, and refuses what a line must not hold. Not
// thread-safe.
class LineSax : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit LineSax(JsonLineHandler* handler) : handler_(handler) {}

  // Returns the first error.
  const absl::Status& status() const { return status_; }

  bool null() override {
    if (IsSkipping()) return true;
    if (!in_dict_) return ExpectDict("null");
    return Check(handler_->Null());
  }
  bool boolean(bool value) override { return Number(value ? 1 : 0, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override {
    return Number(static_cast<double>(value), absl::StrCat(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Number(static_cast<double>(value), absl::StrCat(value));
  }
  bool number_float(number_float_t value, const string_t& text) override {
    return Number(value, text);
  }
  bool string(string_t& value) override {
    if (IsSkipping()) return true;
    if (!in_dict_) return ExpectDict("a string");
    return Check(handler_->String(value));
  }
  bool binary(binary_t&) override { return RejectValue("binary data"); }

  bool start_object(size_t) override {
    if (IsSkipping()) return OpenSkipped();
    if (in_dict_) return RejectValue("a dictionary");
    in_dict_ = true;
    return true;
  }
  bool key(string_t& name) override {
    if (skipped_depth_ > 0) return true;
    key_ = name;
    const absl::StatusOr<bool> wanted = handler_->Key(name);
    is_wanted_ = wanted.value_or(true);
    return Check(wanted.status());
  }
  bool end_object() override {
    if (skipped_depth_ > 0) --skipped_depth_;
    return true;
  }

  bool start_array(size_t) override {
    if (IsSkipping()) return OpenSkipped();
    if (!in_dict_) return ExpectDict("a list");
    if (depth_ == kMaxDepth) {
      return Check(absl::InvalidArgumentError(
          absl::StrCat("more than ", kMaxDepth, " lists are in each other")));
    }
    return Check(handler_->BeginList(depth_++));
  }
  bool end_array() override {
    if (!IsSkipping()) return Check(handler_->EndList(--depth_));
    --skipped_depth_;
    return true;
  }

  // Returns whether the handler skips the current value.
  bool IsSkipping() const { return !is_wanted_; }

  bool parse_error(size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 7: what is wrong".
    const absl::string_view text = error.what();
    const size_t place = text.find(": ");
    const absl::string_view what = text.substr(place == absl::string_view::npos ? 0 : place + 2);
    status_ = absl::InvalidArgumentError(
        absl::StrCat("no valid JSON at byte ", position, ": ", what.substr(0, kMaxShown)));
    return false;
  }

 private:
  bool OpenSkipped() {
    ++skipped_depth_;
    return true;
  }

  // `text` is how it is written; empty where the parser does not tell.
  bool Number(double value, const std::string& text) {
    if (IsSkipping()) return true;
    if (!in_dict_) return ExpectDict("a number");
    if (!handler_->WantsDigits()) return Check(handler_->Number(value));
    return Check(handler_->Digits(value, text.empty() ? JsonNumberText(value) : text));
  }

  bool RejectValue(absl::string_view what) {
    if (IsSkipping()) return true;
    if (!in_dict_) return ExpectDict(what);
    return Check(absl::InvalidArgumentError(absl::StrCat("it holds ", what)));
  }

  bool ExpectDict(absl::string_view found) {
    status_ = absl::InvalidArgumentError(absl::StrCat("expected a JSON dictionary, found ", found));
    return false;
  }

  bool Check(const absl::Status& status) {
    if (status.ok()) return true;
    status_ = Annotate(status, absl::StrCat("key '", key_.substr(0, kMaxShown), "'"));
    return false;
  }

  JsonLineHandler* handler_;
  absl::Status status_;
  std::string key_;
  bool is_wanted_ = true;      // false: the value of key_ is skipped
  int64_t skipped_depth_ = 0;  // open lists and dictionaries in a skipped value
  int64_t depth_ = 0;
  bool in_dict_ = false;
};

// Passes a parsed value to `sax`. Returns false when `sax` ends the reading.
bool Walk(simdjson::dom::element element, LineSax* sax) {
  using Type = simdjson::dom::element_type;
  switch (element.type()) {
    case Type::ARRAY:
      if (!sax->start_array(0)) return false;
      for (const auto item : simdjson::dom::array(element)) {
        if (!Walk(item, sax)) return false;
      }
      return sax->end_array();
    case Type::OBJECT:
      if (!sax->start_object(0)) return false;
      for (const auto [name, value] : simdjson::dom::object(element)) {
        std::string key(name);
        if (!sax->key(key)) return false;
        if (!sax->IsSkipping() && !Walk(value, sax)) return false;
      }
      return sax->end_object();
    case Type::INT64:
      return sax->number_integer(int64_t(element));
    case Type::UINT64:
      return sax->number_unsigned(uint64_t(element));
    case Type::DOUBLE:
      return sax->number_float(double(element), {});
    case Type::STRING: {
      std::string value{std::string_view(element)};
      return sax->string(value);
    }
    case Type::BOOL:
      return sax->boolean(bool(element));
    case Type::NULL_VALUE:
      return sax->null();
  }
  return false;
}

// Writes null where a line has NaN, as Python does for what JSON cannot say.
std::string WithNulls(absl::string_view line) {
  std::string text;
  bool is_quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && is_quoted && i + 1 < line.size()) {
      text += line[i++];
    } else if (line[i] == '"') {
      is_quoted = !is_quoted;
    } else if (!is_quoted && absl::StartsWith(line.substr(i), "NaN")) {
      text += "null";
      i += 2;
      continue;
    }
    text += line[i];
  }
  return text;
}

class LineParser {
 public:
  absl::Status Parse(absl::string_view line, int64_t number, JsonLineHandler* handler) {
    LineSax sax(handler);
    // The fast parser does not tell how numbers are written.
    const bool passed =
        handler->WantsDigits() ? PassSlowly(WithNulls(line), &sax) : Pass(line, &sax);
    if (!passed) return sax.status();
    return handler->EndLine(number);
  }

 private:
  bool Pass(absl::string_view line, LineSax* sax) {
    padded_.assign(line.data(), line.size());
    padded_.append(simdjson::SIMDJSON_PADDING, '\0');
    simdjson::dom::element document;
    const auto error = parser_.parse(padded_.data(), line.size(), false).get(document);
    if (error == simdjson::SUCCESS) return Walk(document, sax);
    if (absl::StrContains(line, "NaN")) return PassSlowly(WithNulls(line), sax);
    return PassSlowly(line, sax);
  }

  // Gives an error with its place, and accepts integers of any size.
  static bool PassSlowly(absl::string_view line, LineSax* sax) {
    return nlohmann::json::sax_parse(line.begin(), line.end(), sax);
  }

  simdjson::dom::parser parser_;
  std::string padded_;
};

}  // namespace

std::string JsonNumberText(double value) {
  constexpr double kExactIntegers = 1LL << 53;
  if (std::abs(value) <= kExactIntegers && value == std::trunc(value)) {
    return absl::StrCat(static_cast<int64_t>(value));
  }
  return nlohmann::json(value).dump();
}

namespace {

// Reads a file that is one list of dictionaries, each of which counts as a line.
absl::Status ReadJsonList(LineReader* reader, absl::string_view name, JsonLineHandler* handler) {
  KUR_ASSIGN_OR_RETURN(const absl::string_view text, reader->Peek(kMaxListBytes));
  if (text.size() == kMaxListBytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        name, ": a list of more than 64 MB is not read; write a dictionary on every line"));
  }
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  const auto error = parser.parse(text.data(), text.size(), true).get_array().get(list);
  if (error != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": no valid JSON list: ", simdjson::error_message(error)));
  }
  int64_t number = 0;
  for (const simdjson::dom::element entry : list) {
    LineSax sax(handler);
    ++number;
    const absl::Status status = Walk(entry, &sax) ? handler->EndLine(number) : sax.status();
    if (!DiagnosticsOf(status).empty()) return status;
    if (!status.ok()) return Annotate(status, absl::StrCat(name, ", entry ", number));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadJsonLines(ByteInput& input, absl::string_view name, JsonLineHandler* handler) {
  constexpr size_t kBeginning = 64;
  LineReader reader(&input, kMaxLineBytes);
  KUR_ASSIGN_OR_RETURN(absl::string_view start, reader.Peek(kBeginning));
  const absl::Status foreign = CheckIsNoForeignTable(start);
  if (!foreign.ok()) return Annotate(foreign, name);
  absl::ConsumePrefix(&start, "\xef\xbb\xbf");
  if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(start), "[")) {
    return ReadJsonList(&reader, name, handler);
  }
  LineParser parser;
  while (true) {
    const auto line = reader.Next();
    absl::Status status = line.status();
    if (status.ok()) {
      if (!line->has_value()) return absl::OkStatus();
      if (absl::StripAsciiWhitespace(**line).empty()) continue;
      status = parser.Parse(**line, reader.number(), handler);
    }
    if (!DiagnosticsOf(status).empty()) return status;
    if (!status.ok()) return Annotate(status, absl::StrCat(name, ":", reader.number()));
  }
}

}  // namespace kur
