#ifndef KUR_ENGINE_LAYERS_KERNELS_FUSED_RECURRENT_H_
#define KUR_ENGINE_LAYERS_KERNELS_FUSED_RECURRENT_H_

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

#include "engine/layers/kernels/gate_kernels.h"
#include "engine/layers/kernels/recurrent_cell.h"

namespace kur {

// Whole sequences as single functions of autograd, for floats on the CPU. The products with
// the input and the gradients of the weights are each one product of matrices over all steps; a
// step itself is one product, with the state, and one pass over the gates.

// The kernels' name of an outer activation, if they know it.
std::optional<GateActivation> FindGateActivation(const std::string& name);

// True if the tensor is one that the functions below can take.
bool CanFuse(const at::Tensor& x);

// As RunStepwise(). Only differentiable once.
at::Tensor RunFusedGru(const at::Tensor& x, const CellWeights& weights, GateActivation activation,
                       const CellPass& pass);
at::Tensor RunFusedLstm(const at::Tensor& x, const CellWeights& weights, GateActivation activation,
                        const CellPass& pass);
at::Tensor RunFusedSru(const at::Tensor& x, const CellWeights& weights, const CellPass& pass);

at::Tensor RunFused(CellType cell, const at::Tensor& x, const CellWeights& weights,
                    GateActivation activation, const CellPass& pass);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_FUSED_RECURRENT_H_
