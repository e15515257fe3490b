#include "engine/train/loss_scaler.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/isfinite.h>
#include <c10/core/GradMode.h>

#include <algorithm>

namespace kur {
namespace {

// As in PyTorch's GradScaler.
constexpr double kGrowth = 2;
constexpr double kBackoff = 0.5;
constexpr int64_t kStepsToGrow = 2000;
constexpr double kLeast = 1.0 / 16384;

}  // namespace

bool LossScaler::Unscale(const Optimizer& optimizer) {
  const c10::NoGradGuard no_grad;
  at::Tensor finite;
  for (auto& [name, gradient] : optimizer.Gradients()) {
    at::Tensor(gradient).mul_(1 / state_.scale);
    const at::Tensor all = at::isfinite(gradient).all();
    finite = finite.defined() ? finite.logical_and(all) : all;
  }
  if (finite.defined() && !finite.item<bool>()) {
    state_.scale = std::max(state_.scale * kBackoff, kLeast);
    state_.steps = 0;
    return false;
  }
  if (++state_.steps >= kStepsToGrow) {
    state_.scale *= kGrowth;
    state_.steps = 0;
  }
  return true;
}

}  // namespace kur
