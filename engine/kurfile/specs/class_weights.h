#ifndef KUR_ENGINE_KURFILE_SPECS_CLASS_WEIGHTS_H_
#define KUR_ENGINE_KURFILE_SPECS_CLASS_WEIGHTS_H_

#include <map>
#include <string>
#include <vector>

#include "engine/kurfile/schema/fields.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// `class_weights`: factors of the loss by the class that a sample is of.
struct ClassWeights {
  // Whether each class counts as much as any other, however rare: what it has is learnt from the
  // training data.
  bool is_balanced = false;
  std::vector<double> by_number;          // one for each class; or else
  std::map<std::string, double> by_name;  // others have the factor 1
};

template <>
struct FieldTraits<ClassWeights> {
  static std::string Type() { return "balanced, a list of numbers, or a dictionary"; }
  static Value Schema();
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    ClassWeights* to);
  static std::string Format(const ClassWeights&) { return ""; }
};

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_CLASS_WEIGHTS_H_
