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
// The parser's memory is up to 14 times the longest line.
constexpr int64_t kMaxLineBytes = int64_t{64} << 20;

// Passes on what a parser finds in one line, as far as it is allowed there.
class LineSax : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit LineSax(JsonLineHandler* handler) : handler_(handler) {}

  // OK, or what was wrong.
  const absl::Status& status() const { return status_; }

  bool null() override { return Refuse("null"); }
  bool boolean(bool value) override { return Number(value ? 1 : 0); }
  bool number_integer(number_integer_t value) override {
    return Number(static_cast<double>(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Number(static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return Number(value); }
  bool string(string_t& value) override {
    if (PassesOver()) return true;
    if (!in_dict_) return NoDict("a string");
    return Check(handler_->String(value));
  }
  bool binary(binary_t&) override { return Refuse("binary data"); }

  bool start_object(size_t) override {
    if (PassesOver()) return Open();
    if (in_dict_) return Refuse("a dictionary");
    in_dict_ = true;
    return true;
  }
  bool key(string_t& name) override {
    if (unwanted_depth_ > 0) return true;
    key_ = name;
    const absl::StatusOr<bool> wanted = handler_->Key(name);
    is_wanted_ = wanted.value_or(true);
    return Check(wanted.status());
  }
  bool end_object() override {
    if (unwanted_depth_ > 0) --unwanted_depth_;
    return true;
  }

  bool start_array(size_t) override {
    if (PassesOver()) return Open();
    if (!in_dict_) return NoDict("a list");
    if (depth_ == kMaxDepth) {
      return Check(absl::InvalidArgumentError(
          absl::StrCat("more than ", kMaxDepth, " lists are in each other")));
    }
    return Check(handler_->BeginList(depth_++));
  }
  bool end_array() override {
    if (!PassesOver()) return Check(handler_->EndList(--depth_));
    --unwanted_depth_;
    return true;
  }

  // True while nothing is told of a value.
  bool PassesOver() const { return !is_wanted_; }

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
  bool Open() {
    ++unwanted_depth_;
    return true;
  }

  bool Number(double value) {
    if (PassesOver()) return true;
    if (!in_dict_) return NoDict("a number");
    return Check(handler_->Number(value));
  }

  bool Refuse(absl::string_view what) {
    if (PassesOver()) return true;
    if (!in_dict_) return NoDict(what);
    return Check(absl::InvalidArgumentError(absl::StrCat("it holds ", what)));
  }

  bool NoDict(absl::string_view found) {
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
  bool is_wanted_ = true;       // the value of key_
  int64_t unwanted_depth_ = 0;  // lists and dictionaries that are open in a value not wanted
  int64_t depth_ = 0;
  bool in_dict_ = false;
};

// False once `sax` wants no more.
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
        if (!sax->PassesOver() && !Walk(value, sax)) return false;
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
    // The slower parser says what is wrong and where, and it takes integers of any size.
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
