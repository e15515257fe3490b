#include "engine/value/value.h"

#include <charconv>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/value/literal_secret.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

nlohmann::ordered_json ToOrderedJson(const Value& value) {
  switch (value.type()) {
    case Value::Type::kNull:
      return nullptr;
    case Value::Type::kBool:
      return value.as_bool();
    case Value::Type::kInt:
      return value.as_int();
    case Value::Type::kFloat:
      if (!std::isfinite(value.as_float())) return FormatFloat(value.as_float());
      return value.as_float();
    case Value::Type::kString:
      return value.as_string();
    case Value::Type::kList: {
      auto list = nlohmann::ordered_json::array();
      for (const Value& element : value.as_list()) list.push_back(ToOrderedJson(element));
      return list;
    }
    case Value::Type::kDict: {
      auto dict = nlohmann::ordered_json::object();
      for (const auto& [key, element] : value.as_dict()) {
        dict[key.is_string() ? key.as_string() : ToJson(key)] = ToOrderedJson(element);
      }
      return dict;
    }
  }
  return nullptr;
}

bool IsNumeric(const Value& value) { return value.is_number() || value.is_bool(); }

double Number(const Value& value) {
  return value.is_bool() ? (value.as_bool() ? 1.0 : 0.0) : value.as_float();
}

constexpr size_t kMaxLinearSearch = 16;

// Returns the same text for equal keys, and different texts for different keys.
std::string CanonicalKey(const Value& key) {
  if (key.is_string()) return "s" + key.as_string();
  if (key.is_int()) return absl::StrCat("n", key.as_int());
  if (!IsNumeric(key)) return ToJson(key);
  const double number = Number(key);
  constexpr double kExactLimit = 9007199254740992.0;  // 2^53
  if (number == std::floor(number) && std::fabs(number) <= kExactLimit) {
    return absl::StrCat("n", static_cast<int64_t>(number));
  }
  return "n" + FormatFloat(number);
}

}  // namespace

const Dict::Entry* Dict::FindEntry(const Value& key) const {
  if (!index_.empty()) {
    const auto it = index_.find(CanonicalKey(key));
    return it == index_.end() ? nullptr : &entries_[it->second];
  }
  for (const Entry& entry : entries_) {
    if (entry.first == key) return &entry;
  }
  return nullptr;
}

const Dict::Entry* Dict::FindEntry(absl::string_view key) const {
  if (!index_.empty()) return FindEntry(Value(key));
  for (const Entry& entry : entries_) {
    if (entry.first.is_string() && entry.first.as_string() == key) return &entry;
  }
  return nullptr;
}

const Value* Dict::Find(absl::string_view key) const {
  const Entry* entry = FindEntry(key);
  return entry == nullptr ? nullptr : &entry->second;
}

const Value* Dict::Find(const Value& key) const {
  const Entry* entry = FindEntry(key);
  return entry == nullptr ? nullptr : &entry->second;
}

const Value* Dict::FindKey(absl::string_view key) const {
  const Entry* entry = FindEntry(key);
  return entry == nullptr ? nullptr : &entry->first;
}

void Dict::Set(Value key, Value value) {
  if (const Entry* entry = FindEntry(key)) {
    entries_[static_cast<size_t>(entry - entries_.data())].second = std::move(value);
    return;
  }
  entries_.emplace_back(std::move(key), std::move(value));
  if (!index_.empty()) {
    index_[CanonicalKey(entries_.back().first)] = entries_.size() - 1;
  } else if (entries_.size() > kMaxLinearSearch) {
    Index();
  }
}

bool Dict::Erase(absl::string_view key) {
  const Entry* entry = FindEntry(key);
  if (entry == nullptr) return false;
  entries_.erase(entries_.begin() + (entry - entries_.data()));
  index_.clear();
  if (entries_.size() > kMaxLinearSearch) Index();
  return true;
}

void Dict::Index() {
  for (size_t i = 0; i < entries_.size(); ++i) index_[CanonicalKey(entries_[i].first)] = i;
}

bool operator==(const Value& a, const Value& b) {
  if (IsNumeric(a) && IsNumeric(b)) {
    if (a.is_int() && b.is_int()) return a.as_int() == b.as_int();
    return Number(a) == Number(b);
  }
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case Value::Type::kString:
      return a.as_string() == b.as_string();
    case Value::Type::kList:
      return a.as_list() == b.as_list();
    case Value::Type::kDict: {
      if (a.as_dict().size() != b.as_dict().size()) return false;
      for (const auto& [key, value] : a.as_dict()) {
        const Value* other = b.as_dict().Find(key);
        if (other == nullptr || *other != value) return false;
      }
      return true;
    }
    default:
      return true;
  }
}

absl::string_view TypeName(Value::Type type) {
  switch (type) {
    case Value::Type::kNull:
      return "null";
    case Value::Type::kBool:
      return "boolean";
    case Value::Type::kInt:
      return "integer";
    case Value::Type::kFloat:
      return "float";
    case Value::Type::kString:
      return "string";
    case Value::Type::kList:
      return "list";
    case Value::Type::kDict:
      return "dictionary";
  }
  return "";
}

std::string ToJson(const Value& value, int indent) {
  return ToOrderedJson(value).dump(indent, ' ', false,
                                   nlohmann::ordered_json::error_handler_t::replace);
}

std::string Describe(const Value& value) {
  constexpr size_t kLongest = 60;
  if (value.is_dict() || value.is_list()) {
    const size_t size = value.is_dict() ? value.as_dict().size() : value.as_list().size();
    if (size > kLongest) return absl::StrCat("a ", TypeName(value.type()), " of ", size);
  }
  std::string text = MaskLiteralSecrets(ToJson(value));
  if (text.size() > kLongest) text = text.substr(0, kLongest - 3) + "...";
  return text;
}

std::string FormatFloat(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  // repr() uses the shortest digits, in scientific notation below 1e-4 and from 1e16 on.
  char buffer[64];
  const double magnitude = std::fabs(value);
  const auto format = (magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16))
                          ? std::chars_format::scientific
                          : std::chars_format::fixed;
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value, format);
  std::string text(buffer, result.ptr);
  if (format == std::chars_format::fixed && !absl::StrContains(text, ".")) text += ".0";
  return text;
}

}  // namespace kur
