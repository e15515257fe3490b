#ifndef KUR_ENGINE_OPTIMIZERS_FINITE_H_
#define KUR_ENGINE_OPTIMIZERS_FINITE_H_

#include <ATen/core/Tensor.h>

#include <vector>

namespace kur {

// Returns true if every element of every tensor is finite. Ignores undefined tensors and tensors of
// integers. Reads float32 on the CPU once; waits for any other device once. Thread-safe.
bool AreFinite(const std::vector<at::Tensor>& tensors);

}  // namespace kur

#endif  // KUR_ENGINE_OPTIMIZERS_FINITE_H_
