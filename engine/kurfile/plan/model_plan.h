#ifndef KUR_ENGINE_KURFILE_PLAN_MODEL_PLAN_H_
#define KUR_ENGINE_KURFILE_PLAN_MODEL_PLAN_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/specs/layer_spec.h"
#include "engine/value/diagnostics.h"
#include "engine/value/shape.h"
#include "engine/value/value.h"

namespace kur {

// One layer of the expanded model.
struct PlannedLayer {
  std::string name;          // unique
  std::string kind;          // "dense"
  std::vector<int> inputs;   // indices into ModelPlan::layers, all smaller than that of this layer
  Shape shape;               // of the output; see shape_known
  bool shape_known = false;  // false: not even the rank is known
  std::vector<WeightInfo> weights;  // empty while the shapes of the inputs are unknown
  int64_t parameters = 0;           // trainable or frozen elements; kUnknown if not known
  int64_t multiply_adds = 0;        // of a forward pass for one sample; kUnknown if not known
  SavedForBackward saved;           // for one sample; default while the shape is unknown
  bool frozen = false;              // training does not change the parameters
  std::vector<std::string> tags;    // of the layer and of the operators around it
  // The name of the layer whose weights this layer shares; empty: it has its own. `parameters` is 0
  // if the weights are shared.
  std::string weights_of;
  // The number of leading axes of a sample that the layer is applied along (see `parallel`). Its
  // spec sees these axes neither in the inputs nor in the output.
  int mapped_axes = 0;
  std::shared_ptr<const LayerSpec> spec;  // never null
  Location location;
  std::string path;  // "model[3].for.iterate[0]"
};

// The expanded model: every layer with its inputs, shapes and sizes, in an order in which inputs
// come before their users. Immutable once made.
struct ModelPlan {
  std::vector<PlannedLayer> layers;
  std::vector<int> inputs;           // the `input` layers
  std::vector<int> outputs;          // sinks and layers that nothing uses
  int64_t parameters = 0;            // of all layers; kUnknown if one of them is unknown
  int64_t trainable_parameters = 0;  // of the layers that are not frozen
  int64_t multiply_adds = 0;         // of a forward pass for one sample; kUnknown if not known
  bool complete = true;              // false after errors: layers may be missing

  const PlannedLayer* Find(const std::string& name) const;

  // Returns whether losses at the outputs `targets` can train a weight, that is, whether the
  // outputs depend on a layer with weights that are not frozen. True if the sizes are not known
  // yet.
  bool CanTrain(const std::vector<std::string>& targets) const;
};

// Returns the shape of a layer's output for the given inputs. INVALID_ARGUMENT if they do not fit.
absl::StatusOr<Shape> OutputShape(const PlannedLayer& layer, const std::vector<Shape>& inputs);

// Infers all shapes and weights again, given the sample shapes of data sources by name. An `input`
// without a `shape` takes the shape of the source with its name. Reports shapes that do not fit.
void InferShapes(const std::map<std::string, Shape>& sources, ModelPlan* plan,
                 Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PLAN_MODEL_PLAN_H_
