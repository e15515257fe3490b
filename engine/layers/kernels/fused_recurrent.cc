#include "engine/layers/kernels/fused_recurrent.h"

#include <c10/core/impl/LocalDispatchKeySet.h>

#include "engine/base/kernel_choice.h"

namespace kur {

std::optional<GateActivation> FindGateActivation(const std::string& name) {
  if (name == "tanh") return GateActivation::kTanh;
  if (name == "relu") return GateActivation::kRelu;
  if (name == "sigmoid") return GateActivation::kSigmoid;
  if (name == "linear" || name == "none") return GateActivation::kLinear;
  return std::nullopt;
}

bool CanFuse(const at::Tensor& x) {
  return FusedKernelsAllowed() && x.device().is_cpu() && x.scalar_type() == at::kFloat &&
         x.numel() > 0;
}

at::Tensor RunFused(CellType cell, const at::Tensor& x, const CellWeights& weights,
                    GateActivation activation, const SequenceOptions& options) {
  // The kernels support float32 alone.
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  switch (cell) {
    case CellType::kGru:
      return RunFusedGru(x, weights, activation, options);
    case CellType::kLstm:
      return RunFusedLstm(x, weights, activation, options);
    case CellType::kSru:
      break;
  }
  return RunFusedSru(x, weights, options);
}

}  // namespace kur
