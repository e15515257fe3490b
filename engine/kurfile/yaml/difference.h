#ifndef KUR_ENGINE_KURFILE_YAML_DIFFERENCE_H_
#define KUR_ENGINE_KURFILE_YAML_DIFFERENCE_H_

#include <optional>
#include <string>
#include <vector>

#include "engine/value/value.h"

namespace kur {

// A place in which two values differ.
struct Difference {
  std::string path;  // "train.provider.batch_size", "model[2].dense"; empty: the whole value
  std::optional<Value> before;  // absent: only the second has it
  std::optional<Value> after;   // absent: only the first has it
};

// Returns the differences of `b` from `a`, in the order of `a`. Compares dictionaries by key, in
// any order, and lists by their longest common subsequence, so that an inserted element is one
// difference.
std::vector<Difference> FindDifferences(const Value& a, const Value& b);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_YAML_DIFFERENCE_H_
