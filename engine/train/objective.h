#ifndef KUR_ENGINE_TRAIN_OBJECTIVE_H_
#define KUR_ENGINE_TRAIN_OBJECTIVE_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/data/batch_provider.h"
#include "engine/data/encoding.h"
#include "engine/kurfile/kurfile.h"
#include "engine/kurfile/plan/length_scaler.h"
#include "engine/losses/loss.h"
#include "engine/train/batch_feeder.h"
#include "engine/train/model.h"
#include "engine/train/run.h"

namespace kur {

// Says how many samples counted as 0 for want of a defined loss.
std::string UndefinedLossText(int64_t undefined, int64_t samples);

// A model with its losses: what training minimizes and an evaluation measures. The thread of the
// run.
class Objective {
 public:
  // A loss of the Kurfile, fitted to the model and the data.
  struct BoundLoss {
    std::shared_ptr<const LossSpec> spec;
    Shape output;
    std::vector<TruthSource> truth;
    std::vector<std::string> symbols;  // what the numbers of the truth stand for; may be empty
    bool from_logits = false;
    std::unique_ptr<Loss> loss;
    at::Tensor class_weights;  // (classes,); undefined: all are 1
  };

  // The loss of a batch with its graph, and the loss of each output.
  struct BatchLoss {
    at::Tensor total;
    std::vector<std::pair<std::string, double>> losses;
    double value = 0;       // of `total`
    int64_t undefined = 0;  // samples for which a loss is not defined
  };

  // Infers the shapes from the data in `provider`, builds the model and the losses; for
  // Mode::kEvaluate only the losses whose truth the data has. Errors name what in the Kurfile does
  // not fit the data.
  static absl::StatusOr<Objective> Build(const Kurfile& kurfile, const BatchProvider& provider,
                                         const RunOptions& options);

  Model& model() { return model_; }
  const Model& model() const { return model_; }
  const std::vector<BoundLoss>& losses() const { return losses_; }
  // The model's plan, with the shapes of the data.
  const ModelPlan& plan() const { return *plan_; }

  // Finds the weights of classes that losses want: those that are given, or that `model` knows;
  // where it is learning it learns them from `provider`. Must be called before a loss is computed.
  absl::Status WeighClasses(const BatchProvider& provider, ModelEncodings* model);

  // Sets what forward passes compute in, as `train.precision` has it; at first float32.
  void SetPrecision(std::string precision) { precision_ = std::move(precision); }

  // Returns the names of the sources that the model and the losses read.
  std::set<std::string> SourceNames() const;
  // Fails if the sources do not have the shapes that the model was built for.
  absl::Status CheckSources(const DataSection& section, const BatchProvider& provider) const;
  // Fails if a sample of `provider` has a value that cannot be, naming the first: a truth that its
  // loss cannot compare with, an index that an embedding does not have. Reads all of them, but for
  // one-hot vectors, which are right as they are made.
  absl::Status CheckValuesOf(const BatchProvider& provider) const;
  // Fails if what the losses compare with cannot be mixed with that of other samples.
  absl::Status CheckMixable(const AugmentationSpec& augmentation) const;

  // Returns a feeder of the model and the losses, and of those of `also_read` that there are, from
  // `provider`, which must outlive the feeder, as must the objective. A value that
  // cannot be is an error that names its sample. `change` may be empty.
  BatchFeeder FeederOf(const BatchProvider& provider, const std::set<std::string>& also_read = {},
                       BatchChange change = {}) const;

  // Computes what the model gives; of outputs whose loss is computed from logits, what goes into
  // their last layer.
  TensorMap Forward(const TensorMap& batch, bool training);

  // Returns what a loss reads of a batch, scaled where the loss wants that.
  absl::StatusOr<std::vector<at::Tensor>> TruthOf(const BoundLoss& bound, const TensorMap& batch);

  // Computes one loss of a batch; `truth` is of TruthOf(), `output` of Forward().
  static absl::StatusOr<LossValue> ComputeOne(const BoundLoss& bound, const at::Tensor& output,
                                              const std::vector<at::Tensor>& truth,
                                              const TensorMap& batch);
  absl::StatusOr<BatchLoss> ComputeLoss(const TensorMap& batch, bool training);

 private:
  Objective(Model model, ModelPlan plan)
      : model_(std::move(model)), plan_(std::make_unique<const ModelPlan>(std::move(plan))) {}

  absl::Status BindLoss(const std::shared_ptr<const LossSpec>& spec, const BatchProvider& provider);
  absl::Status CheckBatch(const TensorMap& batch, const SampleName& name_of) const;
  absl::Status CheckIndices(const TensorMap& batch, const SampleName& name_of) const;

  Model model_;
  std::unique_ptr<const ModelPlan> plan_;  // stays where it is, as the scalers refer to it
  std::map<std::pair<std::string, std::string>, LengthScaler> scalers_;  // by input and output
  std::vector<BoundLoss> losses_;
  std::map<std::string, const PlannedLayer*> indexed_;  // by input: an embedding that reads it
  std::set<std::string> as_logits_;
  std::string precision_ = "float32";
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_OBJECTIVE_H_
