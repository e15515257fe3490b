#ifndef KUR_ENGINE_TRAIN_MODEL_H_
#define KUR_ENGINE_TRAIN_MODEL_H_

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/plan/model_plan.h"
#include "engine/layers/layer.h"
#include "engine/optimizers/optimizer.h"

namespace kur {

// Tensors by the name of a data source or of an output; in the author's layout, batch axis first.
using TensorMap = std::map<std::string, at::Tensor>;

// Where a tensor of a model belongs.
struct WeightKey {
  std::string layer;
  std::string weight;
  bool trainable = true;
};

// A model with its weights. Not thread-safe.
class Model {
 public:
  // Builds the layers of `plan`, whose shapes must all be known as far as weights need them, with
  // fresh weights that are a function of `seed`, on `device`.
  static absl::StatusOr<Model> Build(const ModelPlan& plan, uint64_t seed, c10::Device device);

  // The names of the inputs and of the outputs.
  const std::vector<std::string>& inputs() const { return inputs_; }
  const std::vector<std::string>& outputs() const { return outputs_; }

  // Computes the outputs for a batch of inputs. For the names in `as_logits` the softmax or sigmoid
  // of the output is left out (see CanGiveLogits()).
  TensorMap Forward(const TensorMap& inputs, const ForwardContext& context,
                    const std::set<std::string>& as_logits = {});

  // Returns true if the output is that of a softmax, or of a sigmoid, whose result nothing else
  // uses.
  bool CanGiveLogits(const std::string& output, Probabilities of) const;

  // Sets what is called with the name and the output of every layer, as it is computed; null:
  // nothing.
  using Watcher = std::function<void(const std::string& layer, const at::Tensor& output)>;
  void SetWatcher(Watcher watcher) { watcher_ = std::move(watcher); }

  // Returns the parameters that training adjusts: those of layers that are not frozen.
  std::vector<NamedParameter> TrainableParameters() const;

  // Returns every tensor by name, "labels.weight", running statistics included. They share memory
  // with the model.
  TensorMap Weights() const;
  // Returns where the tensors of Weights() belong, by name.
  std::map<std::string, WeightKey> WeightKeys() const;

  // Copies weights in. INVALID_ARGUMENT if one is missing or has another shape, naming it; then
  // nothing has changed. Tensors that the model does not have are ignored.
  absl::Status LoadWeights(const TensorMap& weights);

  int64_t num_parameters() const;
  size_t num_layers() const { return nodes_.size(); }
  c10::Device device() const { return device_; }

 private:
  struct Node {
    std::string name;
    std::shared_ptr<Layer> layer;  // shared by nodes that use the same weights
    std::vector<size_t> inputs;
    bool owns_weights = true;
    int mapped_axes = 0;
    bool is_input = false;
    bool is_output = false;
    bool frozen = false;
    // The softmax or sigmoid that may be left out when the logits of this output are wanted: this
    // node or, for an `output`, the one before it.
    std::optional<size_t> squashing;
    Probabilities probabilities = Probabilities::kNone;
    size_t last_user = 0;  // after which its output is not needed
    bool may_overwrite = false;
    bool then_relu = false;    // it does the work of the ReLU behind it
    bool done_before = false;  // it is that ReLU
  };

  explicit Model(c10::Device device) : device_(device) {}

  void FindOutputs(const ModelPlan& plan);
  // Replaces layers by faster ones that compute the same. Precondition: FindOutputs() has run.
  void FuseLayers(const ModelPlan& plan);

  std::vector<Node> nodes_;
  std::vector<std::string> inputs_;
  std::vector<std::string> outputs_;
  c10::Device device_;
  Watcher watcher_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_MODEL_H_
