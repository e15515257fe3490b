#include "engine/data/json_lines.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/data/line_reader.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

constexpr int64_t kMostDepth = 32;
constexpr size_t kMostShown = 160;

// Passes on what the parser finds in one line, as far as it is allowed there.
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
    if (!in_dict_) return NoDict("a string");
    return Check(handler_->String(value));
  }
  bool binary(binary_t&) override { return Refuse("binary data"); }

  bool start_object(size_t) override {
    if (in_dict_) return Refuse("a dictionary");
    in_dict_ = true;
    return true;
  }
  bool key(string_t& name) override {
    key_ = name;
    return Check(handler_->Key(name));
  }
  bool end_object() override { return true; }

  bool start_array(size_t) override {
    if (!in_dict_) return NoDict("a list");
    if (depth_ == kMostDepth) {
      return Check(absl::InvalidArgumentError(
          absl::StrCat("more than ", kMostDepth, " lists are in each other")));
    }
    return Check(handler_->BeginList(depth_++));
  }
  bool end_array() override { return Check(handler_->EndList(--depth_)); }

  bool parse_error(size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 7: what is wrong".
    const absl::string_view text = error.what();
    const size_t place = text.find(": ");
    const absl::string_view what = text.substr(place == absl::string_view::npos ? 0 : place + 2);
    status_ = absl::InvalidArgumentError(
        absl::StrCat("no valid JSON at byte ", position, ": ", what.substr(0, kMostShown)));
    return false;
  }

 private:
  bool Number(double value) {
    if (!in_dict_) return NoDict("a number");
    return Check(handler_->Number(value));
  }

  bool Refuse(absl::string_view what) {
    if (!in_dict_) return NoDict(what);
    return Check(absl::InvalidArgumentError(absl::StrCat("it holds ", what)));
  }

  bool NoDict(absl::string_view found) {
    status_ = absl::InvalidArgumentError(absl::StrCat("expected a JSON dictionary, found ", found));
    return false;
  }

  bool Check(const absl::Status& status) {
    if (status.ok()) return true;
    status_ = Annotate(status, absl::StrCat("key '", key_.substr(0, kMostShown), "'"));
    return false;
  }

  JsonLineHandler* handler_;
  absl::Status status_;
  std::string key_;
  int64_t depth_ = 0;
  bool in_dict_ = false;
};

absl::Status ReadLine(absl::string_view line, JsonLineHandler* handler) {
  LineSax sax(handler);
  if (!nlohmann::json::sax_parse(line.begin(), line.end(), &sax)) return sax.status();
  return handler->EndLine();
}

}  // namespace

absl::Status ReadJsonLines(ByteInput& input, absl::string_view name, JsonLineHandler* handler) {
  LineReader reader(&input);
  while (true) {
    const auto line = reader.Next();
    absl::Status status = line.status();
    if (status.ok()) {
      if (!line->has_value()) return absl::OkStatus();
      if (absl::StripAsciiWhitespace(**line).empty()) continue;
      status = ReadLine(**line, handler);
    }
    if (!status.ok()) return Annotate(status, absl::StrCat(name, ":", reader.number()));
  }
}

}  // namespace kur
