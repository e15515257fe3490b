#include "engine/template/attribute_getter.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "engine/base/status.h"
#include "engine/template/operators.h"
#include "engine/template/text.h"

namespace kur::jinja {
namespace {

bool IsAllDigits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return absl::ascii_isdigit(c); });
}

}  // namespace

absl::StatusOr<AttributeGetter> AttributeGetter::Make(const Object& attribute) {
  AttributeGetter getter;
  if (attribute.is_none()) return getter;
  if (attribute.is_integral()) {
    getter.parts_.push_back(attribute);
    return getter;
  }
  if (!attribute.is_string()) return Fail("an attribute is a name, not ", KindOf(attribute));
  for (const absl::string_view part : absl::StrSplit(attribute.as_string(), '.')) {
    int64_t index = 0;
    const bool is_index = IsAllDigits(part) && absl::SimpleAtoi(part, &index);
    getter.parts_.push_back(is_index ? Object(index) : Object(part));
  }
  return getter;
}

absl::StatusOr<std::vector<AttributeGetter>> AttributeGetter::MakeSeveral(const Object& attribute) {
  std::vector<Object> parts = {attribute};
  if (attribute.is_string()) {
    parts.clear();
    for (const absl::string_view part : absl::StrSplit(attribute.as_string(), ',')) {
      parts.emplace_back(part);
    }
  }
  std::vector<AttributeGetter> getters;
  for (const Object& part : parts) {
    KUR_ASSIGN_OR_RETURN(AttributeGetter getter, Make(part));
    getters.push_back(std::move(getter));
  }
  return getters;
}

absl::StatusOr<Object> AttributeGetter::Get(Runtime* runtime, Object object) const {
  for (const Object& part : parts_) {
    KUR_RETURN_IF_ERROR(runtime->budget().Spend(1));
    KUR_ASSIGN_OR_RETURN(object, GetItem(runtime, object, part, ""));
    if (object.is_undefined() && fallback_.has_value()) object = *fallback_;
  }
  return object;
}

Object IgnoreCase(const Object& object) {
  return object.is_string() ? Object(LowerCase(object.as_string())) : object;
}

}  // namespace kur::jinja
