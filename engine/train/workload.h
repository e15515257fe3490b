#ifndef KUR_ENGINE_TRAIN_WORKLOAD_H_
#define KUR_ENGINE_TRAIN_WORKLOAD_H_

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/data/batch_provider.h"
#include "engine/data/supplier.h"
#include "engine/hooks/hook.h"
#include "engine/kurfile/kurfile.h"
#include "engine/kurfile/plan/length_scaler.h"
#include "engine/kurfile/specs/metric_choice.h"
#include "engine/losses/loss.h"
#include "engine/metrics/metric.h"
#include "engine/train/batch_feeder.h"
#include "engine/train/model.h"
#include "engine/train/run.h"

namespace kur {

// One set of data of a section, opened.
struct OpenSet {
  std::string name;  // empty where the section has one set
  BatchProvider provider;
};

// What suppliers of a job get to open their data with; they report to `host`, which must
// outlive the data, and write files only in a training.
OpenContext MakeOpenContext(const Kurfile& kurfile, const PathResolver& paths, Mode mode,
                            const RunHost& host);

// Opens the data of a section. `seed` is that of the order; `randomize` false keeps the order of
// the files.
absl::StatusOr<std::vector<OpenSet>> OpenData(const DataSection& section,
                                              const OpenContext& context, uint64_t seed,
                                              bool randomize);

// Fails if `provider` lacks a source that the key `key` of the Kurfile, at `location`, names.
absl::Status CheckHasSource(const BatchProvider& provider, const std::string& source,
                            const std::string& key, const Location& location);

// Says how many samples counted as 0 for want of a defined loss.
std::string SkippedText(int64_t skipped, int64_t samples);

// A model with its losses: what training, testing and evaluating have in common. One thread at a
// time.
class Workload {
 public:
  // Infers the shapes from the data in `provider`, builds the model and the losses; for evaluation
  // only those whose truth the data has. Errors name what in the Kurfile does not fit the data.
  static absl::StatusOr<Workload> Build(const Kurfile& kurfile, const BatchProvider& provider,
                                        const RunOptions& options);

  Model& model() { return model_; }
  const Model& model() const { return model_; }
  // The sources that the model and the losses read.
  std::set<std::string> SourceNames() const;
  // Fails if the sources do not have the shapes that the model was built for.
  absl::Status CheckSources(const DataSection& section, const BatchProvider& provider) const;

  // Fails if a sample of `provider` has a truth that no truth can be, naming the first.
  absl::Status CheckTruthOf(const BatchProvider& provider) const;

  // Feeds the model and the losses, and those of `also_read` that there are, from `provider`, which
  // must outlive the feeder, as must this. A value that no truth can have is an error that names
  // its sample. `change` may be empty.
  BatchFeeder FeederOf(const BatchProvider& provider, const std::set<std::string>& also_read = {},
                       BatchChange change = {}) const;

  // Fails if what the losses compare with cannot be mixed with that of other samples.
  absl::Status CheckMixable(const AugmentationSpec& augmentation) const;

  // The loss of a batch with its graph, and the loss of each output.
  struct BatchLoss {
    at::Tensor total;
    std::vector<std::pair<std::string, double>> losses;
    double value = 0;     // of `total`
    int64_t skipped = 0;  // samples for which a loss is not defined
  };
  // What forward passes compute in, as `train.precision` has it; at first float32.
  void SetPrecision(std::string precision) { precision_ = std::move(precision); }

  absl::StatusOr<BatchLoss> ComputeLoss(const TensorMap& batch, bool training);

  // Measures the losses and the metrics of the section over a whole set, or its first
  // `max_batches`. Stops early, and says so by an absent result, when `host` asks to cancel.
  // `number` counts the measurements of a run, from 0: a set that is shuffled presents itself in
  // another order each time.
  absl::StatusOr<std::optional<Measurement>> Measure(const std::string& section, const OpenSet& set,
                                                     std::optional<int64_t> max_batches,
                                                     const RunHost& host, int64_t number = 0);

  // What the model gives for the first batch of a set, and the truth.
  absl::StatusOr<HookData> FirstBatch(const OpenSet& set);

 private:
  struct BoundLoss {
    std::shared_ptr<const LossSpec> spec;
    Shape output;
    std::vector<TruthSource> truth;
    std::vector<std::string> symbols;  // what the numbers of the truth stand for; may be empty
    bool from_logits = false;
    std::unique_ptr<Loss> loss;
  };

  Workload(Model model, ModelPlan plan)
      : model_(std::move(model)), plan_(std::make_unique<const ModelPlan>(std::move(plan))) {}

  // A pass over a set: nothing in it waits for the device before the end.
  struct Tally {
    std::vector<at::Tensor> losses;  // by loss: the sum over the samples
    std::vector<std::unique_ptr<Metric>> metrics;
    int64_t samples = 0;
    int64_t skipped = 0;
  };

  // What the model gives; of outputs in `as_logits_` what goes into the last layer.
  TensorMap Forward(const TensorMap& batch, bool training);
  absl::Status BindLoss(const std::shared_ptr<const LossSpec>& spec, const BatchProvider& provider);
  absl::Status BindMetrics(const Sections& sections);
  // What a loss reads of a batch, scaled where it wants that.
  absl::StatusOr<std::vector<at::Tensor>> TruthOf(const BoundLoss& bound, const TensorMap& batch);
  static MetricContext ContextOf(const BoundLoss& bound);
  // The first sample of `batch` in symbols, as far as the data knows them.
  absl::Status ReadSymbols(const TensorMap& batch, const BatchProvider& provider, HookData* data);
  Tally NewTally(const std::string& section) const;
  absl::Status AddBatch(const TensorMap& batch, const std::string& section, int64_t size,
                        Tally* tally);
  void Report(const std::string& section, const Tally& tally, Measurement* measurement) const;
  absl::Status CheckBatch(const TensorMap& batch, const int64_t* samples) const;

  Model model_;
  std::unique_ptr<const ModelPlan> plan_;  // stays where it is, as the scalers refer to it
  std::map<std::pair<std::string, std::string>, LengthScaler> scalers_;  // by input and output
  std::vector<BoundLoss> losses_;
  std::set<std::string> as_logits_;
  std::string precision_ = "float32";
  std::map<std::string, std::vector<ChosenMetric>> metrics_;  // by section
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_WORKLOAD_H_
