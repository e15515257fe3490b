#ifndef KUR_ENGINE_TRAIN_CONSTANT_INPUTS_H_
#define KUR_ENGINE_TRAIN_CONSTANT_INPUTS_H_

#include <map>
#include <string>
#include <vector>

#include "engine/train/model.h"

namespace kur {

// Finds the inputs of a model whose every value is the same, from which there is nothing to learn:
// pictures that are transparent everywhere, a column that was filled in. As good as free, since
// most inputs vary in their first batch. Not thread-safe.
class ConstantInputs {
 public:
  explicit ConstantInputs(const std::vector<std::string>& inputs);

  // Looks at the inputs of a batch that have not varied so far; waits for the device if there are
  // some.
  void Look(const TensorMap& batch);

  // Returns the value of each input that has not varied in anything that was looked at.
  std::map<std::string, float> Found() const;

 private:
  // NaN: nothing was seen yet.
  std::map<std::string, float> values_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_CONSTANT_INPUTS_H_
