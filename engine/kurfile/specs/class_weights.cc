#include "engine/kurfile/specs/class_weights.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace kur {
namespace {

bool ParseWeight(const Value& value, const std::string& key, Diagnostics* diagnostics, double* to) {
  if (value.is_number() && value.as_float() >= 0 && std::isfinite(value.as_float())) {
    *to = value.as_float();
    return true;
  }
  diagnostics->Error(value.location(), key,
                     absl::StrCat("must be a number of at least 0, got ", Describe(value)));
  return false;
}

}  // namespace

Value FieldTraits<ClassWeights>::Schema() {
  return AnyOfSchema({TypeSchema("string"), TypeSchema("array"), TypeSchema("object")});
}

bool FieldTraits<ClassWeights>::Parse(const Value& value, const std::string& key,
                                      Diagnostics* diagnostics, ClassWeights* to) {
  bool good = true;
  if (value.is_string() && value.as_string() == "balanced") {
    to->is_balanced = true;
  } else if (value.is_list() && !value.as_list().empty()) {
    for (const Value& weight : value.as_list()) {
      to->by_number.emplace_back();
      const std::string at = absl::StrCat(key, "[", to->by_number.size() - 1, "]");
      good &= ParseWeight(weight, at, diagnostics, &to->by_number.back());
    }
  } else if (value.is_dict() && !value.as_dict().empty()) {
    for (const auto& [name, weight] : value.as_dict()) {
      const std::string text = name.is_string() ? name.as_string() : ToJson(name);
      good &= ParseWeight(weight, absl::StrCat(key, ".", text), diagnostics, &to->by_name[text]);
    }
  } else {
    return ReportType(value, key, Type(), diagnostics);
  }
  return good;
}

}  // namespace kur
