#include "engine/train/non_finite.h"

#include <ATen/TensorOperators.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/optimizers/finite.h"

namespace kur {
namespace {

bool IsFinite(const at::Tensor& tensor) { return AreFinite({tensor}); }

// What was first computed going forward or backward; "" if all of it is finite.
std::string FindOnTheWay(const TensorMap& batch, Objective* objective) {
  Model& model = objective->model();
  std::vector<std::pair<std::string, at::Tensor>> outputs;
  std::string found;
  model.SetWatcher([&](const std::string& layer, const at::Tensor& output) {
    if (found.empty() && !IsFinite(output)) {
      found = absl::StrCat("the output of the layer '", layer, "'");
    }
    if (output.requires_grad() && !output.is_leaf()) {
      output.retain_grad();
      outputs.emplace_back(layer, output);
    }
  });
  const auto loss = objective->ComputeLoss(batch, /*training=*/true);
  model.SetWatcher(nullptr);
  if (!found.empty() || !loss.ok()) return found;
  for (const auto& [name, value] : loss->losses) {
    if (value - value != 0) return absl::StrCat("the loss of the output '", name, "'");
  }
  loss->total.backward();
  for (auto it = outputs.rbegin(); it != outputs.rend(); ++it) {
    const at::Tensor& gradient = it->second.grad();
    if (gradient.defined() && !IsFinite(gradient)) {
      return absl::StrCat("the gradient at the output of the layer '", it->first, "'");
    }
  }
  for (const NamedParameter& parameter : model.TrainableParameters()) {
    if (parameter.value.grad().defined() && !IsFinite(parameter.value.grad())) {
      return absl::StrCat("the gradient of ", parameter.name);
    }
  }
  return "";
}

}  // namespace

std::string FindNonFinite(const TensorMap& batch, Objective* objective) {
  for (const auto& [name, tensor] : objective->model().Weights()) {
    if (!IsFinite(tensor)) return absl::StrCat("the weights ", name, ", before the batch");
  }
  for (const auto& [name, tensor] : batch) {
    if (!IsFinite(tensor)) return absl::StrCat("the source '", name, "' of the data");
  }
  const std::string found = FindOnTheWay(batch, objective);
  return found.empty() ? "the norm of all gradients" : found;
}

RunningStatistics::RunningStatistics(const Model& model) {
  const TensorMap weights = model.Weights();
  for (const auto& [name, key] : model.WeightKeys()) {
    const at::Tensor& tensor = weights.at(name);
    if (!key.trainable) statistics_.emplace_back(tensor, tensor.clone());
  }
}

void RunningStatistics::Save() {
  for (auto& [tensor, copy] : statistics_) copy.copy_(tensor);
}

void RunningStatistics::Restore() {
  for (auto& [tensor, copy] : statistics_) tensor.copy_(copy);
}

}  // namespace kur
