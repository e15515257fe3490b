#ifndef KUR_ENGINE_TRAIN_NON_FINITE_H_
#define KUR_ENGINE_TRAIN_NON_FINITE_H_

#include <string>
#include <utility>
#include <vector>

#include "engine/train/objective.h"

namespace kur {

// Says where numbers of a batch first are not finite: in the weights, in the data, in the output of
// a layer on the way forward, or in the gradient on the way back. Goes through the batch again, so
// what is random in it has to be seeded as before; leaves gradients and running statistics behind.
std::string FindNonFinite(const TensorMap& batch, Objective* objective);

// The running statistics of a model, which are what a forward pass in training changes: saves them,
// so that the pass can be undone. They are small. The thread of the model.
class RunningStatistics {
 public:
  explicit RunningStatistics(const Model& model);

  // Copies the statistics from the model.
  void Save();
  // Gives the model the statistics of the last Save() again.
  void Restore();

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> statistics_;  // and their copies
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_NON_FINITE_H_
