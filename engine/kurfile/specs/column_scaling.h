#ifndef KUR_ENGINE_KURFILE_SPECS_COLUMN_SCALING_H_
#define KUR_ENGINE_KURFILE_SPECS_COLUMN_SCALING_H_

#include <string>
#include <vector>

#include "engine/kurfile/schema/fields.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// How the values of a column are moved and scaled.
struct ColumnScaling {
  enum class Kind {
    kStandard,  // to the mean 0 and the deviation 1 of the training part
    kMinMax,    // so that the training part lies in [0, 1]
    kGiven,     // value * scale + offset
  };
  Kind kind = Kind::kGiven;
  // Of kGiven: one number for all, or one for each position of the last axis of a sample.
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

// The keys of the numbers that may be given.
KeyTable ScalingKeys();

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_COLUMN_SCALING_H_
