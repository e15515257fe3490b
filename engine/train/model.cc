#include "engine/train/model.h"

#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/value/diagnostics.h"

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
  std::map<std::string, std::shared_ptr<Layer>> owners;
  for (const PlannedLayer& planned : plan.layers) {
    KUR_RETURN_IF_ERROR(CheckWeightsKnown(planned));
    Node node;
    std::vector<Shape> shapes;
    for (const int input : planned.inputs) {
      node.inputs.push_back(static_cast<size_t>(input));
      const Shape& shape = plan.layers[static_cast<size_t>(input)].shape;
      shapes.emplace_back(shape.begin() + planned.mapped_axes, shape.end());
    }
    node.name = planned.name;
    node.owns_weights = planned.weights_of.empty();
    node.mapped_axes = planned.mapped_axes;
    node.is_input = planned.spec->IsInput();
    node.frozen = planned.frozen;
    if (node.owns_weights) {
      const LayerBuilder* builder = Registry<LayerBuilder>::Get().Find(planned.kind);
      if (builder == nullptr) {
        return absl::InternalError(absl::StrCat("the layer ", planned.kind, " cannot be built"));
      }
      node.layer = builder->build(*planned.spec, shapes, generator);
      for (Weight& weight : node.layer->weights()) {
        weight.value = weight.value.to(device);
        if (weight.trainable && !node.frozen) weight.value.set_requires_grad(true);
      }
      owners[node.name] = node.layer;
    }
    if (node.is_input) model.inputs_.push_back(node.name);
    model.nodes_.push_back(std::move(node));
  }
  // A layer may come before the one whose weights it uses.
  for (size_t i = 0; i < model.nodes_.size(); ++i) {
    Node& node = model.nodes_[i];
    if (!node.owns_weights) node.layer = owners.at(plan.layers[i].weights_of);
  }
  model.FindOutputs(plan);
  model.FuseLayers(plan);
  return model;
}

void Model::FindOutputs(const ModelPlan& plan) {
  for (const int output : plan.outputs) {
    nodes_[static_cast<size_t>(output)].is_output = true;
    outputs_.push_back(plan.layers[static_cast<size_t>(output)].name);
  }
  std::vector<int> users(nodes_.size(), 0);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].last_user = i;
    for (const size_t input : nodes_[i].inputs) {
      nodes_[input].last_user = i;
      ++users[input];
    }
  }
  for (size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    if (!node.is_output || users[i] > 0) continue;
    size_t squashing = i;
    if (plan.layers[i].spec->IsIdentity() && node.inputs.size() == 1) {
      squashing = node.inputs[0];
      if (users[squashing] > 1 || nodes_[squashing].is_output) continue;
    }
    node.probabilities = plan.layers[squashing].spec->probabilities();
    if (node.probabilities != Probabilities::kNone) node.squashing = squashing;
  }
}

void Model::FuseLayers(const ModelPlan& plan) {
  std::vector<int> users(nodes_.size(), 0);
  for (const Node& node : nodes_) {
    for (const size_t input : node.inputs) ++users[input];
  }
  std::vector<const LayerSpec*> specs;
  for (const PlannedLayer& planned : plan.layers) specs.push_back(planned.spec.get());
  for (size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    if (node.inputs.size() != 1 || node.mapped_axes > 0) continue;
    const size_t before = node.inputs[0];
    const bool only_for_this = users[before] == 1 && !nodes_[before].is_output;
    if (!only_for_this || nodes_[before].mapped_axes > 0) continue;
    if (specs[i]->IsRelu() && specs[before]->CanApplyRelu()) {
      nodes_[before].then_relu = true;
      node.done_before = true;
      continue;
    }
    if (!nodes_[before].done_before && specs[before]->CommutesWithMaxPool() &&
        specs[i]->IsMaxPool()) {
      // What comes after the pool has less to do.
      std::swap(nodes_[before].layer, node.layer);
      std::swap(specs[before], specs[i]);
    }
    node.may_overwrite = specs[before]->OutputIsOverwritable();
  }
}

namespace {

// Applies a layer along the first `axes` axes of its samples: to every element, as if they were
// samples of a larger batch.
at::Tensor ForwardMapped(Layer* layer, int axes, const std::vector<at::Tensor>& inputs,
                         const ForwardContext& context) {
  std::vector<int64_t> leading;
  std::vector<at::Tensor> elements;
  for (const at::Tensor& input : inputs) {
    const at::Tensor x = ToKurfileLayout(input);
    leading = x.sizes().slice(0, static_cast<size_t>(axes) + 1).vec();
    elements.push_back(FromKurfileLayout(x.flatten(0, axes)));
  }
  const at::Tensor y = ToKurfileLayout(layer->Forward(elements, context));
  leading.insert(leading.end(), y.sizes().begin() + 1, y.sizes().end());
  return FromKurfileLayout(y.reshape(leading));
}

at::Tensor InSinglePrecision(const at::Tensor& tensor) {
  const at::ScalarType type = tensor.scalar_type();
  return type == at::kBFloat16 || type == at::kHalf ? tensor.to(at::kFloat) : tensor;
}

}  // namespace

TensorMap Model::Forward(const TensorMap& inputs, const ForwardContext& context,
                         const std::set<std::string>& as_logits) {
  std::vector<bool> left_out(nodes_.size(), false);
  for (const Node& node : nodes_) {
    if (node.squashing.has_value() && as_logits.count(node.name) > 0) {
      left_out[*node.squashing] = true;
    }
  }
  std::vector<at::Tensor> values(nodes_.size());
  TensorMap outputs;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    std::vector<at::Tensor> arguments;
    if (node.is_input) {
      arguments.push_back(FromKurfileLayout(inputs.at(node.name)));
    } else {
      for (const size_t input : node.inputs) arguments.push_back(values[input]);
    }
    ForwardContext node_context = context;
    // Who watches looks at every output as it was given.
    node_context.may_overwrite = node.may_overwrite && !watcher_;
    node_context.then_relu = node.then_relu && !watcher_;
    if (left_out[i] || (node.done_before && !watcher_)) {
      values[i] = arguments[0];
    } else if (node.mapped_axes > 0) {
      values[i] = ForwardMapped(node.layer.get(), node.mapped_axes, arguments, context);
    } else {
      values[i] = node.layer->Forward(arguments, node_context);
    }
    // Under Autocast, layers exchange float32 all the same: not every operator takes two types.
    values[i] = InSinglePrecision(values[i]);
    if (watcher_) watcher_(node.name, values[i]);
    arguments.clear();
    if (node.is_output) outputs[node.name] = ToKurfileLayout(values[i]);
    for (const size_t input : node.inputs) {
      if (nodes_[input].last_user == i) values[input].reset();
    }
  }
  return outputs;
}

bool Model::CanGiveLogits(const std::string& output, Probabilities of) const {
  return std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& node) {
    return node.name == output && node.squashing.has_value() && node.probabilities == of;
  });
}

std::vector<NamedParameter> Model::TrainableParameters() const {
  std::vector<NamedParameter> parameters;
  for (const Node& node : nodes_) {
    if (node.frozen || !node.owns_weights) continue;
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
    if (!node.owns_weights) continue;
    for (const Weight& weight : node.layer->weights()) {
      weights[WeightName(node.name, weight.name)] = weight.value.detach();
    }
  }
  return weights;
}

std::map<std::string, WeightKey> Model::WeightKeys() const {
  std::map<std::string, WeightKey> keys;
  for (const Node& node : nodes_) {
    if (!node.owns_weights) continue;
    for (const Weight& weight : node.layer->weights()) {
      keys[WeightName(node.name, weight.name)] = {node.name, weight.name, weight.trainable};
    }
  }
  return keys;
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
    if (!node.owns_weights) continue;
    for (const Weight& weight : node.layer->weights()) {
      if (weight.trainable) count += weight.value.numel();
    }
  }
  return count;
}

}  // namespace kur
