#include "engine/train/weight_average.h"

#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>

#include <utility>

namespace kur {

WeightAverage::WeightAverage(std::vector<NamedParameter> parameters, double decay)
    : parameters_(std::move(parameters)), decay_(decay) {
  for (const NamedParameter& parameter : parameters_) {
    averages_.push_back(parameter.value.detach().clone());
  }
}

void WeightAverage::Update() {
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    averages_[i].lerp_(parameters_[i].value, 1 - decay_);
  }
}

TensorMap WeightAverage::Tensors() const {
  TensorMap tensors;
  for (size_t i = 0; i < parameters_.size(); ++i) tensors[parameters_[i].name] = averages_[i];
  return tensors;
}

void WeightAverage::Load(const TensorMap& tensors) {
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const auto it = tensors.find(parameters_[i].name);
    averages_[i].copy_(it == tensors.end() ? parameters_[i].value : it->second);
  }
}

void WeightAverage::Exchange() {
  const c10::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const at::Tensor parameter = parameters_[i].value.clone();
    parameters_[i].value.copy_(averages_[i]);
    averages_[i].copy_(parameter);
  }
}

}  // namespace kur
