#ifndef KUR_ENGINE_KURFILE_SPECS_COLUMN_SCALING_H_
#define KUR_ENGINE_KURFILE_SPECS_COLUMN_SCALING_H_

#include <string>
#include <vector>

#include "engine/kurfile/schema/fields.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// A linear change of the values of a column.
struct ColumnScaling {
  enum class Kind {
    kStandard,  // to mean 0 and deviation 1 in the training part
    kMinMax,    // to the range [0, 1] in the training part
    kGiven,     // value * scale + offset
  };
  Kind kind = Kind::kGiven;
  // For kGiven: one number for all positions of the last axis of a sample, or one for each.
  std::vector<double> scale = {1};
  std::vector<double> offset = {0};
};

template <>
struct FieldTraits<ColumnScaling> {
  static std::string Type() { return "standard, min_max, or {mean, std}"; }
  static Value Schema() { return AnyOfSchema({TypeSchema("string"), TypeSchema("object")}); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    ColumnScaling* to);
  static std::string Format(const ColumnScaling&) { return ""; }
};

// Returns the keys under which a Kurfile gives the numbers.
KeyTable ScalingKeys();

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_COLUMN_SCALING_H_
