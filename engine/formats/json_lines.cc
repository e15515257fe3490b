#include "engine/formats/json_lines.h"

#include <simdjson.h>

#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/formats/line_reader.h"
#include "engine/value/diagnostics.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

constexpr int64_t kMaxDepth = 32;
constexpr size_t kMaxShown = 160;
// The parser uses up to 14 times the memory of the longest line.
constexpr int64_t kMaxLineBytes = int64_t{64} << 20;

// Passes the events of the JSON parser to the handler, and refuses what a line must not hold. Not
// thread-safe.
class LineSax : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit LineSax(JsonLineHandler* handler) : handler_(handler) {}

  // Returns the first error.
  const absl::Status& status() const { return status_; }

  bool null() override { return RejectValue("null"); }
  bool boolean(bool value) override { return Number(value ? 1 : 0); }
  bool number_integer(number_integer_t value) override {
    return Number(static_cast<double>(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Number(static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return Number(value); }
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

  bool Number(double value) {
    if (IsSkipping()) return true;
    if (!in_dict_) return ExpectDict("a number");
    return Check(handler_->Number(value));
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

class LineParser {
 public:
  absl::Status Parse(absl::string_view line, JsonLineHandler* handler) {
    LineSax sax(handler);
    if (!Pass(line, &sax)) return sax.status();
    return handler->EndLine();
  }

 private:
  bool Pass(absl::string_view line, LineSax* sax) {
    padded_.assign(line.data(), line.size());
    padded_.append(simdjson::SIMDJSON_PADDING, '\0');
    simdjson::dom::element document;
    const auto error = parser_.parse(padded_.data(), line.size(), false).get(document);
    if (error == simdjson::SUCCESS) return Walk(document, sax);
    // The slower parser gives an error with its place, and accepts integers of any size.
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

absl::Status ReadJsonLines(ByteInput& input, absl::string_view name, JsonLineHandler* handler) {
  LineReader reader(&input, kMaxLineBytes);
  LineParser parser;
  while (true) {
    const auto line = reader.Next();
    absl::Status status = line.status();
    if (status.ok()) {
      if (!line->has_value()) return absl::OkStatus();
      if (absl::StripAsciiWhitespace(**line).empty()) continue;
      status = parser.Parse(**line, handler);
    }
    if (!DiagnosticsOf(status).empty()) return status;
    if (!status.ok()) return Annotate(status, absl::StrCat(name, ":", reader.number()));
  }
}

}  // namespace kur
