#ifndef KUR_ENGINE_OPTIMIZERS_FINITE_H_
#define KUR_ENGINE_OPTIMIZERS_FINITE_H_

#include <ATen/core/Tensor.h>

#include <vector>

namespace kur {

// Returns whether every element of every tensor is finite. Undefined tensors and those of integers
// are. Reads floats on the CPU once, 4 bytes an element; waits for any other device once.
bool AreFinite(const std::vector<at::Tensor>& tensors);

}  // namespace kur

#endif  // KUR_ENGINE_OPTIMIZERS_FINITE_H_
