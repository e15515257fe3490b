#include "engine/train/model.h"

#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/kurfile/diagnostics.h"

namespace kur {
namespace {

std::string WeightName(const std::string& layer, const std::string& weight) {
  return absl::StrCat(layer, ".", weight);
}

absl::Status CheckWeightsKnown(const PlannedLayer& layer) {
  if (!layer.shape_known) {
    return ErrorAt(layer.location, layer.path,
                   absl::StrCat("the shape of '", layer.name,
                                "' is not known: give the input a 'shape', or data of that name"));
  }
  for (const WeightInfo& weight : layer.weights) {
    if (!IsKnown(weight.shape)) {
      return ErrorAt(layer.location, layer.path,
                     absl::StrCat("the size of the weights depends on an axis of unknown extent: ",
                                  weight.name, " would be ", ToString(weight.shape)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Model> Model::Build(const ModelPlan& plan, uint64_t seed, c10::Device device) {
  Model model(device);
  const c10::NoGradGuard no_grad;
  at::Generator generator = at::detail::createCPUGenerator(seed);
  for (const PlannedLayer& planned : plan.layers) {
    KUR_RETURN_IF_ERROR(CheckWeightsKnown(planned));
    const LayerBuilder* builder = Registry<LayerBuilder>::Get().Find(planned.kind);
    if (builder == nullptr) {
      return absl::InternalError(absl::StrCat("the layer ", planned.kind, " cannot be built"));
    }
    std::vector<Shape> shapes;
    Node node;
    for (const int input : planned.inputs) {
      node.inputs.push_back(static_cast<size_t>(input));
      shapes.push_back(plan.layers[static_cast<size_t>(input)].shape);
    }
    node.name = planned.name;
    node.layer = builder->build(*planned.spec, shapes, generator);
    node.is_input = planned.inputs.empty();
    node.frozen = planned.frozen;
    for (Weight& weight : node.layer->weights()) {
      weight.value = weight.value.to(device);
      if (weight.trainable && !node.frozen) weight.value.set_requires_grad(true);
    }
    if (node.is_input) model.inputs_.push_back(node.name);
    model.nodes_.push_back(std::move(node));
  }
  for (const int output : plan.outputs) {
    model.nodes_[static_cast<size_t>(output)].is_output = true;
    model.outputs_.push_back(plan.layers[static_cast<size_t>(output)].name);
  }
  for (size_t i = 0; i < model.nodes_.size(); ++i) {
    model.nodes_[i].last_user = i;
    for (const size_t input : model.nodes_[i].inputs) model.nodes_[input].last_user = i;
  }
  for (size_t i = 0; i < model.nodes_.size(); ++i) {
    Node& node = model.nodes_[i];
    node.gives_logits =
        node.is_output && node.last_user == i && plan.layers[i].spec->IsNormalized();
  }
  return model;
}

TensorMap Model::Forward(const TensorMap& inputs, const ForwardContext& context,
                         const std::set<std::string>& as_logits) {
  std::vector<at::Tensor> values(nodes_.size());
  TensorMap outputs;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    std::vector<at::Tensor> arguments;
    if (node.is_input) {
      arguments.push_back(FromAuthorLayout(inputs.at(node.name)));
    } else {
      for (const size_t input : node.inputs) arguments.push_back(values[input]);
    }
    values[i] = node.gives_logits && as_logits.count(node.name) > 0
                    ? arguments[0]
                    : node.layer->Forward(arguments, context);
    arguments.clear();
    if (node.is_output) outputs[node.name] = ToAuthorLayout(values[i]);
    for (const size_t input : node.inputs) {
      if (nodes_[input].last_user == i) values[input].reset();
    }
  }
  return outputs;
}

bool Model::CanGiveLogits(const std::string& output) const {
  return std::any_of(nodes_.begin(), nodes_.end(),
                     [&](const Node& node) { return node.name == output && node.gives_logits; });
}

std::vector<NamedParameter> Model::TrainableParameters() const {
  std::vector<NamedParameter> parameters;
  for (const Node& node : nodes_) {
    if (node.frozen) continue;
    for (const Weight& weight : node.layer->weights()) {
      if (weight.trainable) {
        parameters.push_back({WeightName(node.name, weight.name), weight.value});
      }
    }
  }
  return parameters;
}

TensorMap Model::Weights() const {
  TensorMap weights;
  for (const Node& node : nodes_) {
    for (const Weight& weight : node.layer->weights()) {
      weights[WeightName(node.name, weight.name)] = weight.value.detach();
    }
  }
  return weights;
}

absl::Status Model::LoadWeights(const TensorMap& weights) {
  const TensorMap own = Weights();
  for (const auto& [name, tensor] : own) {
    const auto it = weights.find(name);
    if (it == weights.end()) {
      return absl::InvalidArgumentError(absl::StrCat("the weights are of another model: they lack ",
                                                     name, ", which this one has"));
    }
    if (it->second.sizes() != tensor.sizes()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the weights are of another model: ", name, " is (",
                       absl::StrJoin(it->second.sizes(), ", "), ") there and (",
                       absl::StrJoin(tensor.sizes(), ", "), ") here"));
    }
  }
  const c10::NoGradGuard no_grad;
  for (const auto& [name, tensor] : own) at::Tensor(tensor).copy_(weights.at(name));
  return absl::OkStatus();
}

int64_t Model::num_parameters() const {
  int64_t count = 0;
  for (const Node& node : nodes_) {
    for (const Weight& weight : node.layer->weights()) {
      if (weight.trainable) count += weight.value.numel();
    }
  }
  return count;
}

}  // namespace kur
