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
                    GateActivation activation, const CellPass& pass) {
  // The kernels know float32 only.
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  switch (cell) {
    case CellType::kGru:
      return RunFusedGru(x, weights, activation, pass);
    case CellType::kLstm:
      return RunFusedLstm(x, weights, activation, pass);
    case CellType::kSru:
      break;
  }
  return RunFusedSru(x, weights, pass);
}

}  // namespace kur
