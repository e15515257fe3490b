#include "engine/kurfile/model_plan.h"

#include "absl/strings/str_cat.h"
#include "engine/base/suggest.h"

namespace kur {
namespace {

// What an `input` layer knows of its own shape is merged with that of the data: an unknown axis
// takes the other's extent.
bool MergeInputShape(const Shape& data, PlannedLayer* layer, Diagnostics* diagnostics) {
  if (!layer->shape_known) {
    layer->shape = data;
    layer->shape_known = true;
    return true;
  }
  bool fits = layer->shape.size() == data.size();
  Shape merged = data;
  for (size_t i = 0; fits && i < data.size(); ++i) {
    if (data[i] == kUnknown) merged[i] = layer->shape[i];
    fits = layer->shape[i] == kUnknown || data[i] == kUnknown || layer->shape[i] == data[i];
  }
  if (!fits) {
    diagnostics->Error(
        layer->location, layer->path,
        absl::StrCat("the shape ", ToString(layer->shape), " of the input '", layer->name,
                     "' does not fit the data, whose samples have ", ToString(data)));
    return false;
  }
  layer->shape = merged;
  return true;
}

void CountParameters(ModelPlan* plan) {
  plan->parameters = 0;
  plan->trainable_parameters = 0;
  for (PlannedLayer& layer : plan->layers) {
    layer.parameters = 0;
    for (const WeightInfo& weight : layer.weights) {
      if (!weight.trainable) continue;
      const int64_t elements = NumElements(weight.shape);
      layer.parameters = elements == kUnknown || layer.parameters == kUnknown
                             ? kUnknown
                             : layer.parameters + elements;
    }
    if (!layer.shape_known) layer.parameters = kUnknown;
    const auto add = [&](int64_t* total) {
      *total =
          *total == kUnknown || layer.parameters == kUnknown ? kUnknown : *total + layer.parameters;
    };
    add(&plan->parameters);
    if (!layer.frozen) add(&plan->trainable_parameters);
  }
}

}  // namespace

const PlannedLayer* ModelPlan::Find(const std::string& name) const {
  for (const PlannedLayer& layer : layers) {
    if (layer.name == name) return &layer;
  }
  return nullptr;
}

void InferShapes(const std::map<std::string, Shape>& sources, ModelPlan* plan,
                 Diagnostics* diagnostics) {
  for (PlannedLayer& layer : plan->layers) {
    std::vector<Shape> inputs;
    bool known = true;
    for (const int input : layer.inputs) {
      known = known && plan->layers[static_cast<size_t>(input)].shape_known;
      inputs.push_back(plan->layers[static_cast<size_t>(input)].shape);
    }
    layer.shape_known = false;
    layer.weights.clear();
    if (!known) continue;
    auto shape = layer.spec->OutputShape(inputs);
    if (!shape.ok()) {
      // An input without a shape of its own is no error: its data will tell.
      if (!layer.inputs.empty()) {
        diagnostics->Error(layer.location, layer.path, std::string(shape.status().message()));
        continue;
      }
    } else {
      layer.shape = *std::move(shape);
      layer.shape_known = true;
    }
    if (layer.inputs.empty()) {
      const auto source = sources.find(layer.name);
      if (source != sources.end() && !MergeInputShape(source->second, &layer, diagnostics)) {
        layer.shape_known = false;
      }
    } else if (layer.shape_known) {
      layer.weights = layer.spec->Weights(inputs);
    }
  }
  CountParameters(plan);
}

}  // namespace kur
