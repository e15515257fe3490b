// Compares and hashes objects as Python does.

#include <cmath>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/runtime.h"

namespace kur::jinja {
namespace {

// Returns a negative number, zero, a positive one or kUnordered. Exact for every mixture: a long
// double holds every int64 and every double.
int CompareNumbers(const Object& a, const Object& b) {
  if (a.is_integral() && b.is_integral()) {
    return (a.as_int() > b.as_int()) - (a.as_int() < b.as_int());
  }
  const auto widen = [](const Object& number) {
    return number.is_float() ? static_cast<long double>(number.as_float())
                             : static_cast<long double>(number.as_int());
  };
  const long double left = widen(a), right = widen(b);
  if (std::isnan(left) || std::isnan(right)) return kUnordered;
  return (left > right) - (left < right);
}

absl::StatusOr<bool> EqualSequences(Runtime* runtime, const Sequence& a, const Sequence& b) {
  if (a.is_tuple() != b.is_tuple() || a.size() != b.size()) return false;
  for (int64_t i = 0; i < a.size(); ++i) {
    KUR_ASSIGN_OR_RETURN(const bool equal, Equal(runtime, a.at(i), b.at(i)));
    if (!equal) return false;
  }
  return true;
}

absl::StatusOr<bool> EqualMappings(Runtime* runtime, const Mapping& a, const Mapping& b) {
  if (a.size() != b.size()) return false;
  for (int64_t i = 0; i < a.size(); ++i) {
    const Object key = a.key(i);
    KUR_ASSIGN_OR_RETURN(const std::string hash_key, HashKeyOf(runtime, key));
    KUR_RETURN_IF_ERROR(runtime->budget().Spend(1 + b.size() / 64));
    const auto found = b.Find(key, hash_key);
    if (!found.has_value()) return false;
    KUR_ASSIGN_OR_RETURN(const bool equal, Equal(runtime, a.value(i), *found));
    if (!equal) return false;
  }
  return true;
}

absl::StatusOr<int> CompareSequences(Runtime* runtime, const Sequence& a, const Sequence& b) {
  for (int64_t i = 0; i < a.size() && i < b.size(); ++i) {
    KUR_ASSIGN_OR_RETURN(const bool equal, Equal(runtime, a.at(i), b.at(i)));
    if (!equal) return Compare(runtime, a.at(i), b.at(i));
  }
  return (a.size() > b.size()) - (a.size() < b.size());
}

}  // namespace

absl::StatusOr<bool> Equal(Runtime* runtime, const Object& a, const Object& b) {
  const Budget::Level level(&runtime->budget());
  KUR_RETURN_IF_ERROR(level.status());
  KUR_RETURN_IF_ERROR(runtime->budget().Spend(1));
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(a));
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(b));
  if (a.is_number() && b.is_number()) return CompareNumbers(a, b) == 0;
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case Object::Type::kString:
      KUR_RETURN_IF_ERROR(runtime->budget().SpendOnText(a.as_string().size()));
      return a.as_string() == b.as_string();
    case Object::Type::kSequence:
      return EqualSequences(runtime, a.as_sequence(), b.as_sequence());
    case Object::Type::kMapping:
      return EqualMappings(runtime, a.as_mapping(), b.as_mapping());
    default:
      return true;
  }
}

absl::StatusOr<int> Compare(Runtime* runtime, const Object& a, const Object& b) {
  const Budget::Level level(&runtime->budget());
  KUR_RETURN_IF_ERROR(level.status());
  KUR_RETURN_IF_ERROR(runtime->budget().Spend(1));
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(a));
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(b));
  if (a.is_number() && b.is_number()) return CompareNumbers(a, b);
  if (a.is_string() && b.is_string()) {
    KUR_RETURN_IF_ERROR(runtime->budget().SpendOnText(a.as_string().size()));
    const int order = a.as_string().compare(b.as_string());
    return (order > 0) - (order < 0);
  }
  if (a.is_sequence() && b.is_sequence()) {
    const Sequence& left = a.as_sequence();
    const Sequence& right = b.as_sequence();
    if (left.is_tuple() == right.is_tuple()) return CompareSequences(runtime, left, right);
  }
  return Fail("cannot tell which of ", KindOf(a), " and ", KindOf(b), " is larger");
}

absl::StatusOr<std::string> HashKeyOf(Runtime* runtime, const Object& object) {
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(object));
  switch (object.type()) {
    case Object::Type::kNone:
      return std::string("n");
    case Object::Type::kBool:
    case Object::Type::kInt:
      return absl::StrCat("i", object.as_int());
    case Object::Type::kFloat: {
      const double number = object.as_float();
      const bool whole = std::nearbyint(number) == number && std::fabs(number) < 0x1p63;
      return whole ? absl::StrCat("i", static_cast<int64_t>(number))
                   : absl::StrCat("f", FormatFloat(number));
    }
    case Object::Type::kString:
      KUR_RETURN_IF_ERROR(runtime->budget().SpendOnText(object.as_string().size()));
      return absl::StrCat("s", object.as_string());
    default:
      return Fail(KindOf(object), " cannot be the key of a dictionary");
  }
}

absl::StatusOr<bool> Contains(Runtime* runtime, const Object& haystack, const Object& needle) {
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(haystack));
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(needle));
  if (haystack.is_string()) {
    if (!needle.is_string())
      return Fail("'in' looks for a string in a string, not for ", KindOf(needle));
    KUR_RETURN_IF_ERROR(runtime->budget().SpendOnText(haystack.as_string().size()));
    return absl::StrContains(haystack.as_string(), needle.as_string());
  }
  if (haystack.is_mapping()) {
    KUR_ASSIGN_OR_RETURN(const std::string hash_key, HashKeyOf(runtime, needle));
    KUR_RETURN_IF_ERROR(runtime->budget().Spend(1 + haystack.as_mapping().size() / 64));
    return haystack.as_mapping().Find(needle, hash_key).has_value();
  }
  if (!haystack.is_sequence())
    return Fail(KindOf(haystack), " contains nothing that 'in' could find");
  const Sequence& sequence = haystack.as_sequence();
  for (int64_t i = 0; i < sequence.size(); ++i) {
    KUR_ASSIGN_OR_RETURN(const bool equal, Equal(runtime, sequence.at(i), needle));
    if (equal) return true;
  }
  return false;
}

}  // namespace kur::jinja
