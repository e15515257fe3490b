#include "engine/kurfile/plan/model_plan.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur {
namespace {

// Merges the shape of an `input` layer with the shape of its data: a known extent replaces an
// unknown one.
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

// Adds `term` to `sum`, which becomes kUnknown if either is kUnknown or the sum overflows.
void AddTo(int64_t* sum, int64_t term) {
  if (*sum == kUnknown || term == kUnknown || __builtin_add_overflow(*sum, term, sum)) {
    *sum = kUnknown;
  }
}

void CountParameters(ModelPlan* plan) {
  plan->parameters = 0;
  plan->trainable_parameters = 0;
  plan->multiply_adds = 0;
  for (PlannedLayer& layer : plan->layers) {
    layer.parameters = 0;
    for (const WeightInfo& weight : layer.weights) {
      if (weight.trainable && layer.weights_of.empty()) {
        AddTo(&layer.parameters, NumElements(weight.shape));
      }
    }
    if (!layer.shape_known) layer.parameters = kUnknown;
    AddTo(&plan->parameters, layer.parameters);
    if (!layer.frozen) AddTo(&plan->trainable_parameters, layer.parameters);
    AddTo(&plan->multiply_adds, layer.multiply_adds);
  }
}

// Returns the input shapes that the spec of a layer sees, without the axes that the layer is
// applied along. Those go to `mapped`.
absl::StatusOr<std::vector<Shape>> InnerShapes(const PlannedLayer& layer, std::vector<Shape> inputs,
                                               Shape* mapped) {
  if (layer.mapped_axes == 0) return inputs;
  const auto axes = static_cast<size_t>(layer.mapped_axes);
  for (size_t i = 0; i < inputs.size(); ++i) {
    Shape& shape = inputs[i];
    if (shape.size() <= axes) {
      return absl::InvalidArgumentError(
          absl::StrCat("'parallel' goes along the first ", axes == 1 ? "axis" : "axes",
                       " of a sample and applies layers to the rest; the input is ",
                       ToString(shape), ", which leaves nothing"));
    }
    const auto split = shape.begin() + layer.mapped_axes;
    const Shape leading(shape.begin(), split);
    if (i > 0 && leading != *mapped) {
      return absl::InvalidArgumentError(absl::StrCat(
          "inputs inside of 'parallel' must agree in the first ", axes == 1 ? "axis" : "axes",
          "; they are ", ToString(*mapped), " and ", ToString(leading)));
    }
    *mapped = leading;
    shape.erase(shape.begin(), split);
  }
  return inputs;
}

// No machine can hold a larger tensor, and byte counts would overflow.
constexpr int64_t kMaxElements = int64_t{1} << 56;

bool Overflows(const Shape& shape) {
  const int64_t elements = NumElements(shape);
  return IsKnown(shape) && (elements == kUnknown || elements > kMaxElements);
}

absl::Status TooLarge(const std::string& what, const Shape& shape) {
  return absl::InvalidArgumentError(
      absl::StrCat(what, " would be ", ToString(shape), ", which is larger than any memory"));
}

class ShapeInference {
 public:
  ShapeInference(const std::map<std::string, Shape>& sources, ModelPlan* plan,
                 Diagnostics* diagnostics)
      : sources_(sources), plan_(plan), diagnostics_(diagnostics) {}

  void Run() {
    for (PlannedLayer& layer : plan_->layers) {
      layer.shape_known = false;
      layer.weights.clear();
      layer.multiply_adds = kUnknown;
      layer.saved = {};
      if (layer.spec->IsInput()) {
        InferInput(&layer);
      } else {
        InferLayer(&layer);
      }
      by_name_[layer.name] = &layer;
    }
    for (const PlannedLayer& layer : plan_->layers) CheckSharedWeights(layer);
    CountParameters(plan_);
  }

 private:
  void InferInput(PlannedLayer* layer) {
    const auto own = layer->spec->OutputShape({});
    // An input without a shape of its own is no error: the data decides.
    if (own.ok()) {
      if (Overflows(*own)) return Error(*layer, TooLarge("its shape", *own));
      layer->shape = *own;
      layer->shape_known = true;
    }
    const auto source = sources_.find(layer->name);
    if (source != sources_.end() && !MergeInputShape(source->second, layer, diagnostics_)) {
      layer->shape_known = false;
    }
    layer->multiply_adds = 0;
  }

  void InferLayer(PlannedLayer* layer) {
    std::vector<Shape> inputs;
    for (const int input : layer->inputs) {
      const PlannedLayer& from = plan_->layers[static_cast<size_t>(input)];
      if (!from.shape_known) return;
      inputs.push_back(from.shape);
    }
    Shape mapped;
    const auto inner = InnerShapes(*layer, std::move(inputs), &mapped);
    if (!inner.ok()) return Error(*layer, inner.status());
    const auto shape = layer->spec->OutputShape(*inner);
    if (!shape.ok()) return Error(*layer, shape.status());
    layer->weights = layer->spec->Weights(*inner);
    for (const WeightInfo& weight : layer->weights) {
      if (Overflows(weight.shape))
        return Error(*layer, TooLarge("its " + weight.name, weight.shape));
    }
    if (Overflows(*shape)) return Error(*layer, TooLarge("its output", *shape));
    const int64_t times = NumElements(mapped);
    layer->multiply_adds = Product({times, layer->spec->MultiplyAdds(*inner)});
    layer->saved = layer->spec->SavedTensors(*inner);
    layer->saved.more_bytes = Product({times, layer->saved.more_bytes});
    layer->shape = mapped;
    layer->shape.insert(layer->shape.end(), shape->begin(), shape->end());
    layer->shape_known = true;
  }

  // Reports a layer that needs other shapes than those of the weights that it shares.
  void CheckSharedWeights(const PlannedLayer& layer) {
    if (layer.weights_of.empty() || !layer.shape_known) return;
    const auto found = by_name_.find(layer.weights_of);
    if (found == by_name_.end() || !found->second->shape_known) return;
    const PlannedLayer& owner = *found->second;
    for (size_t i = 0; i < layer.weights.size(); ++i) {
      const WeightInfo& here = layer.weights[i];
      const WeightInfo& there = owner.weights[i];
      if (here.shape == there.shape) continue;
      return Error(layer, absl::InvalidArgumentError(absl::StrCat(
                              "cannot use the weights of '", owner.name, "': ", here.name,
                              " would have to be ", ToString(here.shape), " here and is ",
                              ToString(there.shape), " there")));
    }
  }

  void Error(const PlannedLayer& layer, const absl::Status& status) {
    diagnostics_->Error(layer.location, layer.path, std::string(status.message()));
  }

  const std::map<std::string, Shape>& sources_;
  ModelPlan* plan_;
  Diagnostics* diagnostics_;
  std::map<std::string, const PlannedLayer*> by_name_;
};

}  // namespace

const PlannedLayer* ModelPlan::Find(const std::string& name) const {
  for (const PlannedLayer& layer : layers) {
    if (layer.name == name) return &layer;
  }
  return nullptr;
}

bool ModelPlan::CanTrain(const std::vector<std::string>& targets) const {
  std::vector<bool> needed(layers.size(), false);
  for (const std::string& target : targets) {
    for (size_t i = 0; i < layers.size(); ++i) {
      if (layers[i].name == target) needed[i] = true;
    }
  }
  // Inputs come before their users.
  for (size_t i = layers.size(); i-- > 0;) {
    if (!needed[i]) continue;
    const PlannedLayer& layer = layers[i];
    const PlannedLayer* owner = layer.weights_of.empty() ? &layer : Find(layer.weights_of);
    if (owner == nullptr || (!owner->frozen && owner->parameters != 0)) return true;
    for (const int input : layer.inputs) needed[static_cast<size_t>(input)] = true;
  }
  return false;
}

absl::StatusOr<Shape> OutputShape(const PlannedLayer& layer, const std::vector<Shape>& inputs) {
  Shape shape;
  KUR_ASSIGN_OR_RETURN(const std::vector<Shape> inner, InnerShapes(layer, inputs, &shape));
  KUR_ASSIGN_OR_RETURN(const Shape rest, layer.spec->OutputShape(inner));
  shape.insert(shape.end(), rest.begin(), rest.end());
  return shape;
}

void InferShapes(const std::map<std::string, Shape>& sources, ModelPlan* plan,
                 Diagnostics* diagnostics) {
  ShapeInference(sources, plan, diagnostics).Run();
}

}  // namespace kur
