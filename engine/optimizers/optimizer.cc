#include "engine/optimizers/optimizer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "engine/base/kernel_choice.h"
#include "engine/optimizers/finite.h"

namespace kur {
namespace {

// Scales all gradients so that their common norm is at most `largest`. Returns false, and changes
// nothing, if the norm is not finite.
bool ClipByNorm(const std::vector<at::Tensor>& gradients, double largest) {
  at::Tensor sum;
  for (const at::Tensor& gradient : gradients) {
    const at::Tensor square = at::dot(gradient.flatten(), gradient.flatten());
    sum = sum.defined() ? sum + square : square;
  }
  if (!sum.defined()) return true;
  if (!std::isfinite(sum.item<double>())) return false;
  // PyTorch's epsilon: keeps the quotient finite.
  const at::Tensor factor = (largest / (sum.sqrt() + 1e-6)).clamp_max(1);
  for (at::Tensor gradient : gradients) gradient.mul_(factor);
  return true;
}

bool Clip(const std::vector<at::Tensor>& gradients, const ClipSpec& clip) {
  if (clip.norm && !ClipByNorm(gradients, *clip.norm)) return false;
  if (clip.abs) {
    for (at::Tensor gradient : gradients) gradient.clamp_(-*clip.abs, *clip.abs);
  }
  return true;
}

}  // namespace

Optimizer::Optimizer(const OptimizerSpec& spec, std::vector<NamedParameter> parameters)
    : parameters_(std::move(parameters)),
      learning_rate_(spec.learning_rate),
      decay_(spec.WeightDecay()) {}

size_t Optimizer::AddSlot(std::string name) {
  Slot slot{std::move(name), {}};
  const c10::NoGradGuard no_grad;
  for (const NamedParameter& parameter : parameters_) {
    slot.tensors.push_back(at::zeros_like(parameter.value, at::MemoryFormat::Preserve));
  }
  slots_.push_back(std::move(slot));
  return slots_.size() - 1;
}

bool Optimizer::Step(const ClipSpec& clip) {
  const c10::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (NamedParameter& parameter : parameters_) {
    at::Tensor& gradient = parameter.value.mutable_grad();
    if (!gradient.defined()) continue;
    if (gradient.strides() != parameter.value.strides()) {
      gradient = at::empty_like(parameter.value, at::MemoryFormat::Preserve).copy_(gradient);
    }
    gradients.push_back(gradient);
  }
  if (!Clip(gradients, clip)) {
    DropGradients();
    return false;
  }
  ++steps_;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor& gradient = parameters_[i].value.mutable_grad();
    if (!gradient.defined()) continue;
    current_ = &parameters_[i];
    Update(i, parameters_[i].value, gradient, steps_);
    gradient.reset();
  }
  current_ = nullptr;
  return true;
}

bool Optimizer::GradientsAreFinite() const {
  std::vector<at::Tensor> gradients;
  for (const NamedParameter& parameter : parameters_) gradients.push_back(parameter.value.grad());
  return AreFinite(gradients);
}

std::map<std::string, at::Tensor> Optimizer::Gradients() const {
  std::map<std::string, at::Tensor> gradients;
  for (const NamedParameter& parameter : parameters_) {
    if (parameter.value.grad().defined()) gradients[parameter.name] = parameter.value.grad();
  }
  return gradients;
}

bool Optimizer::HasGradients() const {
  return std::any_of(parameters_.begin(), parameters_.end(), [](const NamedParameter& parameter) {
    return parameter.value.grad().defined();
  });
}

void Optimizer::SetGradients(const std::map<std::string, at::Tensor>& gradients) {
  for (NamedParameter& parameter : parameters_) {
    const auto it = gradients.find(parameter.name);
    if (it == gradients.end() || it->second.sizes() != parameter.value.sizes()) continue;
    parameter.value.mutable_grad() =
        at::empty_like(parameter.value, at::MemoryFormat::Preserve).copy_(it->second);
  }
}

void Optimizer::DropGradients() {
  for (NamedParameter& parameter : parameters_) parameter.value.mutable_grad().reset();
}

std::map<std::string, at::Tensor> Optimizer::State() const {
  std::map<std::string, at::Tensor> state;
  for (const Slot& slot : slots_) {
    for (size_t i = 0; i < parameters_.size(); ++i) {
      state[absl::StrCat(parameters_[i].name, "/", slot.name)] = slot.tensors[i];
    }
  }
  return state;
}

absl::Status Optimizer::Restore(const std::map<std::string, at::Tensor>& state, int64_t steps) {
  const auto own = State();
  for (const auto& [name, tensor] : own) {
    const auto it = state.find(name);
    if (it == state.end()) {
      return absl::InvalidArgumentError(absl::StrCat("the optimizer's state lacks ", name));
    }
    if (it->second.sizes() != tensor.sizes()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the optimizer's state has another shape for ", name));
    }
  }
  const c10::NoGradGuard no_grad;
  for (const auto& [name, tensor] : own) at::Tensor(tensor).copy_(state.at(name));
  steps_ = steps;
  return absl::OkStatus();
}

bool CanFuseUpdate(const at::Tensor& a, const at::Tensor& b) {
  return FusedKernelsAllowed() && a.device().is_cpu() && a.scalar_type() == at::kFloat &&
         b.scalar_type() == at::kFloat && a.strides() == b.strides() &&
         a.is_non_overlapping_and_dense();
}

}  // namespace kur
