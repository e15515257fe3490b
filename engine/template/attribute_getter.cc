#include "engine/template/attribute_getter.h"

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "engine/base/status.h"
#include "engine/template/operators.h"

namespace kur::jinja {

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
    const bool is_index =
        absl::c_all_of(part, absl::ascii_isdigit) && absl::SimpleAtoi(part, &index);
    getter.parts_.push_back(is_index ? Object(index) : Object(part));
  }
  return getter;
}

absl::StatusOr<Object> AttributeGetter::Get(Runtime* runtime, Object object) const {
  for (const Object& part : parts_) {
    KUR_RETURN_IF_ERROR(runtime->budget().Spend(1));
    KUR_ASSIGN_OR_RETURN(object, GetItem(runtime, object, part, ""));
    if (object.is_undefined() && fallback_.has_value()) object = *fallback_;
  }
  return object;
}

}  // namespace kur::jinja
