#include "engine/kurfile/yaml/yaml.h"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

constexpr char kCoreTagPrefix[] = "tag:yaml.org,2002:";

bool AllOf(absl::string_view text, bool (*test)(char)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), test);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsDigitOrUnderscore(char c) { return IsDigit(c) || c == '_'; }

std::optional<Value> ResolveBool(absl::string_view text) {
  static const std::set<std::string>* const kTrue =
      new std::set<std::string>{"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
  static const std::set<std::string>* const kFalse =
      new std::set<std::string>{"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
  if (kTrue->count(std::string(text)) > 0) return Value(true);
  if (kFalse->count(std::string(text)) > 0) return Value(false);
  return std::nullopt;
}

// Parses digits of `base`, in which underscores are allowed. Returns nothing for any other text or
// on overflow.
std::optional<int64_t> ParseDigits(absl::string_view digits, int base, bool negative) {
  int64_t value = 0;
  bool any = false;
  for (const char c : digits) {
    if (c == '_') continue;
    const int digit = std::isdigit(static_cast<unsigned char>(c)) ? c - '0'
                      : std::isalpha(static_cast<unsigned char>(c))
                          ? std::tolower(static_cast<unsigned char>(c)) - 'a' + 10
                          : 99;
    if (digit >= base) return std::nullopt;
    any = true;
    if (__builtin_mul_overflow(value, base, &value) ||
        __builtin_add_overflow(value, negative ? -digit : digit, &value)) {
      return std::nullopt;
    }
  }
  return any ? std::optional<int64_t>(value) : std::nullopt;
}

// Returns 90 for 1:30 and 5400 for 1:30:00. Precondition: `parts` has at least two elements.
std::optional<double> ParseSexagesimal(const std::vector<std::string>& parts) {
  double value = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    double part = 0;
    const std::string digits = absl::StrReplaceAll(parts[i], {{"_", ""}});
    if (digits.empty() || !IsDigit(digits[0]) || !absl::SimpleAtod(digits, &part)) {
      return std::nullopt;
    }
    if (i > 0 && part >= 60) return std::nullopt;
    value = value * 60 + part;
  }
  return value;
}

std::optional<Value> ResolveInt(absl::string_view text) {
  const bool negative = absl::StartsWith(text, "-");
  if (negative || absl::StartsWith(text, "+")) text.remove_prefix(1);
  if (text.empty() || !IsDigit(text[0])) return std::nullopt;
  std::optional<int64_t> value;
  if (absl::StartsWith(text, "0b")) {
    value = ParseDigits(text.substr(2), 2, negative);
  } else if (absl::StartsWith(text, "0x")) {
    value = ParseDigits(text.substr(2), 16, negative);
  } else if (text[0] == '0' && text.size() > 1) {
    value = ParseDigits(text.substr(1), 8, negative);
  } else if (AllOf(text, IsDigitOrUnderscore)) {
    value = ParseDigits(text, 10, negative);
  } else if (absl::StrContains(text, ":") && !absl::StrContains(text, ".")) {
    const auto number = ParseSexagesimal(absl::StrSplit(text, ':'));
    if (number && *number < 1e15) {
      value = static_cast<int64_t>(negative ? -*number : *number);
    }
  }
  return value ? std::optional<Value>(Value(*value)) : std::nullopt;
}

// Returns whether `text` is digits with a point, an exponent or both.
bool LooksLikeFloat(absl::string_view text) {
  size_t i = 0;
  const auto skip_digits = [&] {
    const size_t start = i;
    while (i < text.size() && IsDigitOrUnderscore(text[i])) ++i;
    return i > start;
  };
  if (text.empty() || text[0] == '_') return false;
  const bool whole = skip_digits();
  bool point = false;
  bool fraction = false;
  if (i < text.size() && text[i] == '.') {
    point = true;
    ++i;
    fraction = skip_digits();
  }
  if (!whole && !fraction) return false;
  if (i == text.size()) return point;
  if (text[i] != 'e' && text[i] != 'E') return false;
  ++i;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  return AllOf(text.substr(i), IsDigit);
}

std::optional<Value> ResolveFloat(absl::string_view text) {
  const absl::string_view whole = text;
  const bool negative = absl::StartsWith(text, "-");
  if (negative || absl::StartsWith(text, "+")) text.remove_prefix(1);
  const double sign = negative ? -1 : 1;
  if (text == ".inf" || text == ".Inf" || text == ".INF") {
    return Value(sign * std::numeric_limits<double>::infinity());
  }
  if (whole == ".nan" || whole == ".NaN" || whole == ".NAN") {
    return Value(std::numeric_limits<double>::quiet_NaN());
  }
  if (LooksLikeFloat(text)) {
    double value = 0;
    if (absl::SimpleAtod(absl::StrReplaceAll(text, {{"_", ""}}), &value)) {
      return Value(sign * value);
    }
  }
  if (absl::StrContains(text, ":") && absl::StrContains(text, ".")) {
    if (const auto value = ParseSexagesimal(absl::StrSplit(text, ':'))) {
      return Value(sign * *value);
    }
  }
  return std::nullopt;
}

// Builds a Value from the events of yaml-cpp. Not thread-safe.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::shared_ptr<const std::string> file, const YamlLimits& limits)
      : file_(std::move(file)), limits_(limits) {}

  // Returns the document, or the first error.
  absl::StatusOr<Value> Finish() {
    KUR_RETURN_IF_ERROR(status_);
    return root_.value_or(Value());
  }

  void OnDocumentStart(const YAML::Mark& mark) override { start_ = LocationOf(mark); }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(Value().At(LocationOf(mark)), 1, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end()) {
      Fail(LocationOf(mark), "an alias inside of the node that it stands for");
      return;
    }
    Add(it->second.value, it->second.nodes, YAML::NullAnchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    const Location location = LocationOf(mark);
    last_scalar_ = location;
    Value value;
    if (tag == "?" || tag.empty()) {
      value = ResolvePlainScalar(text);
      if (value.is_string() && text == "<<") merge_candidate_ = true;
    } else if (tag == "!") {
      value = Value(text);
    } else if (!ResolveTagged(tag, text, &value)) {
      Fail(location, absl::StrCat("the tag ", ShortTag(tag), " is not allowed in a Kurfile"));
      return;
    }
    Add(value.At(location), 1, anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, "seq", anchor, /*is_map=*/false);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, "map", anchor, /*is_map=*/true);
  }
  void OnMapEnd() override { Close(); }

  bool failed() const { return !status_.ok(); }

  // Returns where the document begins, and its last scalar (unknown if there is none).
  const Location& start() const { return start_; }
  const Location& last_scalar() const { return last_scalar_; }

 private:
  struct Anchor {
    Value value;
    int64_t nodes;
  };
  struct Frame {
    bool is_map;
    Location location;
    YAML::anchor_t anchor;
    int64_t nodes = 1;
    Value::List list;
    std::vector<Dict::Entry> own;     // in order
    std::vector<Dict::Entry> merged;  // from `<<`, highest precedence first
    Dict keys;                        // of `own`, each with itself as the value
    std::optional<Value> key;
    bool key_is_merge = false;
  };

  Location LocationOf(const YAML::Mark& mark) const {
    return {file_, mark.line + 1, mark.column + 1};
  }

  void Fail(Location location, std::string message) {
    if (status_.ok()) status_ = ErrorAt(std::move(location), "", std::move(message));
  }

  static std::string ShortTag(const std::string& tag) {
    return absl::StartsWith(tag, kCoreTagPrefix)
               ? absl::StrCat("!!", tag.substr(sizeof(kCoreTagPrefix) - 1))
               : tag;
  }

  static bool ResolveTagged(const std::string& tag, const std::string& text, Value* value) {
    if (!absl::StartsWith(tag, kCoreTagPrefix)) return false;
    const std::string name = tag.substr(sizeof(kCoreTagPrefix) - 1);
    if (name == "str") {
      *value = Value(text);
      return true;
    }
    const Value plain = ResolvePlainScalar(text);
    *value = name == "float" && plain.is_int() ? Value(plain.as_float()) : plain;
    return (name == "int" && plain.is_int()) || (name == "float" && plain.is_number()) ||
           (name == "bool" && plain.is_bool()) || (name == "null" && plain.is_null());
  }

  void Open(const YAML::Mark& mark, const std::string& tag, const std::string& core,
            YAML::anchor_t anchor, bool is_map) {
    const Location location = LocationOf(mark);
    if (tag != "?" && tag != "!" && !tag.empty() && tag != kCoreTagPrefix + core) {
      Fail(location, absl::StrCat("the tag ", ShortTag(tag), " is not allowed in a Kurfile"));
    }
    if (static_cast<int>(frames_.size()) >= limits_.depth) {
      Fail(location, absl::StrCat("nested deeper than ", limits_.depth, " levels"));
    }
    Frame frame;
    frame.is_map = is_map;
    frame.location = location;
    frame.anchor = anchor;
    frames_.push_back(std::move(frame));
  }

  void Close() {
    if (frames_.empty()) return;
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (failed()) return;
    Value value;
    if (frame.is_map) {
      Dict dict;
      // As in PyYAML, merged keys come first, and own keys replace their values in place.
      std::reverse(frame.merged.begin(), frame.merged.end());
      for (auto& [key, merged] : frame.merged) dict.Set(std::move(key), std::move(merged));
      for (auto& [key, own] : frame.own) dict.Set(std::move(key), std::move(own));
      value = Value(std::move(dict));
    } else {
      value = Value(std::move(frame.list));
    }
    Add(value.At(frame.location), frame.nodes, frame.anchor, /*counted=*/true);
  }

  // Adds a finished node to the innermost open collection. `nodes` is the size of its tree;
  // `counted` says that all nodes but the node itself have been counted.
  void Add(Value value, int64_t nodes, YAML::anchor_t anchor, bool counted = false) {
    const bool merge_candidate = std::exchange(merge_candidate_, false);
    if (failed()) return;
    total_nodes_ += counted ? 1 : nodes;
    if (total_nodes_ > limits_.nodes) {
      Fail(value.location(), absl::StrCat("more than ", limits_.nodes, " nodes (aliases count)"));
      return;
    }
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {value, nodes};
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    frame.nodes += nodes;
    if (!frame.is_map) {
      frame.list.push_back(std::move(value));
    } else if (!frame.key.has_value()) {
      AddKey(&frame, std::move(value), merge_candidate);
    } else if (frame.key_is_merge) {
      Merge(&frame, value);
      frame.key.reset();
    } else {
      frame.own.emplace_back(*std::exchange(frame.key, std::nullopt), std::move(value));
    }
  }

  void AddKey(Frame* frame, Value key, bool is_merge) {
    if (key.is_list() || key.is_dict()) {
      Fail(key.location(), "a key must be a plain value");
      return;
    }
    if (!is_merge) {
      if (const Value* first = frame->keys.Find(key)) {
        Fail(key.location(), absl::StrCat("duplicate key ", Describe(key), "; the first is at ",
                                          first->location().ToString()));
        return;
      }
      frame->keys.Set(key, key);
    }
    frame->key = std::move(key);
    frame->key_is_merge = is_merge;
  }

  void Merge(Frame* frame, const Value& value) {
    const Value::List sources = value.is_list() ? value.as_list() : Value::List{value};
    for (const Value& source : sources) {
      if (!source.is_dict()) {
        Fail(value.location(), "'<<' merges a dictionary or a list of dictionaries");
        return;
      }
    }
    // Each source is stored in reverse: Close() reverses all of them, so that the keys of a source
    // keep their order and the first source is set last and wins.
    for (const Value& source : sources) {
      std::vector<Dict::Entry> entries(source.as_dict().begin(), source.as_dict().end());
      frame->merged.insert(frame->merged.end(), entries.rbegin(), entries.rend());
    }
  }

  std::shared_ptr<const std::string> file_;
  YamlLimits limits_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Anchor> anchors_;
  std::optional<Value> root_;
  absl::Status status_;
  int64_t total_nodes_ = 0;
  bool merge_candidate_ = false;
  Location start_;
  Location last_scalar_;
};

}  // namespace

Value ResolvePlainScalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return Value();
  }
  if (auto value = ResolveBool(text)) return *value;
  if (auto value = ResolveInt(text)) return *value;
  if (auto value = ResolveFloat(text)) return *value;
  return Value(text);
}

namespace {

Location LocationAt(const std::string& text, size_t byte,
                    const std::shared_ptr<const std::string>& file) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(byte);
  const auto line = std::count(text.begin(), end, '\n');
  const size_t start = byte == 0 ? 0 : text.rfind('\n', byte - 1) + 1;
  return {file, static_cast<int>(line) + 1, static_cast<int>(byte - start) + 1};
}

// Returns the byte at a location that the parser reported.
size_t ByteAt(const std::string& text, const Location& place) {
  constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";
  size_t start = absl::StartsWith(text, kByteOrderMark) ? kByteOrderMark.size() : 0;
  for (int line = 1; line < place.line; ++line) {
    const size_t end = text.find('\n', start);
    if (end == std::string::npos) return text.size();
    start = end + 1;
  }
  return std::min(text.size(), start + static_cast<size_t>(place.column - 1));
}

// Reports a quoted scalar that the end of the file cuts off behind a line end. yaml-cpp accepts
// such a scalar, which can only be the last one.
absl::Status CheckQuoteIsClosed(const std::string& text, const Location& scalar) {
  if (!scalar.known()) return absl::OkStatus();
  size_t at = ByteAt(text, scalar);
  // Skip a tag or an anchor.
  while (at < text.size() && (text[at] == '!' || text[at] == '&')) {
    at = text.find_first_of(" \t\r\n", at);
    at = std::min(text.size(), text.find_first_not_of(" \t\r\n", at));
  }
  if (at >= text.size() || (text[at] != '"' && text[at] != '\'')) return absl::OkStatus();
  const char quote = text[at];
  for (size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      const bool doubled = quote == '\'' && i + 1 < text.size() && text[i + 1] == quote;
      if (!doubled) return absl::OkStatus();
      ++i;
    } else if (quote == '"' && text[i] == '\\') {
      ++i;
    }
  }
  return ErrorAt(
      scalar, "",
      absl::StrCat("the quote ", std::string(1, quote), " that opens here is not closed"));
}

// Limits open brackets: yaml-cpp looks ahead over all of them before it reports the first one,
// which takes quadratic time. Ignores quotes and comments, because texts that need so many brackets
// inside them do not occur.
absl::Status CheckBrackets(const std::string& text, const std::shared_ptr<const std::string>& file,
                           const YamlLimits& limits) {
  const int most = limits.depth * 10;
  int open = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '[' || text[i] == '{') ++open;
    if (text[i] == ']' || text[i] == '}') open = std::max(open - 1, 0);
    if (open > most) {
      return ErrorAt(LocationAt(text, i, file), "",
                     absl::StrCat("nested deeper than ", limits.depth, " levels"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Value> ParseYaml(const std::string& text, std::shared_ptr<const std::string> file,
                                const YamlLimits& limits) {
  if (const size_t nul = text.find('\0'); nul != std::string::npos) {
    return ErrorAt(LocationAt(text, nul, file), "", "a NUL byte: the file is no text");
  }
  if (const size_t bad = FindInvalidUtf8(text); bad != std::string::npos) {
    return ErrorAt(LocationAt(text, bad, file), "",
                   "a byte that is no UTF-8; save the file in that encoding");
  }
  KUR_RETURN_IF_ERROR(CheckBrackets(text, file, limits));
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    Builder builder(file, limits);
    if (!parser.HandleNextDocument(builder)) return Value().At({file, 1, 1});
    auto value = builder.Finish();
    KUR_RETURN_IF_ERROR(value.status());
    KUR_RETURN_IF_ERROR(CheckQuoteIsClosed(text, builder.last_scalar()));
    Builder second(file, limits);
    if (parser.HandleNextDocument(second)) {
      return ErrorAt(second.start(), "", "a second YAML document; a Kurfile has one");
    }
    return value;
  } catch (const YAML::Exception& error) {
    return ErrorAt({file, error.mark.line + 1, error.mark.column + 1}, "",
                   absl::StrCat("YAML: ", error.msg));
  }
}

}  // namespace kur
