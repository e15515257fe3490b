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
  std::string name;                 // unique
  std::string kind;                 // "dense"
  std::vector<int> inputs;          // indices into ModelPlan::layers, all smaller than its own
  Shape shape;                      // of the output; see shape_known
  bool shape_known = false;         // false: the rank itself is not known yet
  std::vector<WeightInfo> weights;  // empty while the inputs' shapes are not known
  int64_t parameters = 0;           // trainable or frozen elements; kUnknown if not known
  int64_t multiply_adds = 0;        // for one sample going forward; kUnknown if not known
  SavedForBackward saved;           // for one sample; nothing while the shape is not known
  bool frozen = false;              // parameters do not change in training
  std::vector<std::string> tags;    // its own, and those of the operators that made it
  // The layer whose weights it uses, by name; empty: it has its own. `parameters` is 0 then.
  std::string weights_of;
  // How many leading axes of the sample it is applied along (see `parallel`): its spec sees neither
  // these axes of the inputs nor those of the output.
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
  int64_t multiply_adds = 0;         // of one sample going forward; kUnknown if not known
  bool complete = true;              // false after errors: it may lack layers

  const PlannedLayer* Find(const std::string& name) const;

  // Returns whether training by losses of those outputs can change a weight: whether a layer that
  // they depend on has weights that are not frozen. True where the sizes are not known yet.
  bool CanTrain(const std::vector<std::string>& targets) const;
};

// The shape that a layer gives for inputs of those shapes. INVALID_ARGUMENT if they do not fit.
absl::StatusOr<Shape> OutputShape(const PlannedLayer& layer, const std::vector<Shape>& inputs);

// Infers shapes and weights anew, with the sample shapes of data sources by name: an `input` that
// gives no `shape` takes that of the source of its name. Reports what does not fit.
void InferShapes(const std::map<std::string, Shape>& sources, ModelPlan* plan,
                 Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PLAN_MODEL_PLAN_H_
