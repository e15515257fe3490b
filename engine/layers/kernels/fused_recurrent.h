#ifndef KUR_ENGINE_LAYERS_KERNELS_FUSED_RECURRENT_H_
#define KUR_ENGINE_LAYERS_KERNELS_FUSED_RECURRENT_H_

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

#include "engine/layers/kernels/gate_kernels.h"
#include "engine/layers/kernels/recurrent_cell.h"

namespace kur {

// Recurrent cells over whole sequences, each as one autograd function, for float32 on the CPU. All
// steps share one matrix product with the input, and one for each gradient of a weight. A step
// itself is one matrix product with the state and one pass over the gates.

// Returns the outer activation with a Kurfile's name; absent if the kernels lack it.
std::optional<GateActivation> FindGateActivation(const std::string& name);

// Returns true if the functions below accept the tensor: float32 on the CPU, not empty.
bool CanFuse(const at::Tensor& x);

// Compute the same as RunStepwise(). Differentiable once.
at::Tensor RunFusedGru(const at::Tensor& x, const CellWeights& weights, GateActivation activation,
                       const SequenceOptions& options);
at::Tensor RunFusedLstm(const at::Tensor& x, const CellWeights& weights, GateActivation activation,
                        const SequenceOptions& options);
at::Tensor RunFusedSru(const at::Tensor& x, const CellWeights& weights,
                       const SequenceOptions& options);

at::Tensor RunFused(CellType cell, const at::Tensor& x, const CellWeights& weights,
                    GateActivation activation, const SequenceOptions& options);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_FUSED_RECURRENT_H_
