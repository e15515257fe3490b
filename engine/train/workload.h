#ifndef KUR_ENGINE_TRAIN_WORKLOAD_H_
#define KUR_ENGINE_TRAIN_WORKLOAD_H_

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

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
#include "engine/hooks/hook.h"
#include "engine/kurfile/kurfile.h"
#include "engine/losses/loss.h"
#include "engine/train/model.h"
#include "engine/train/run.h"

namespace kur {

// One set of data of a section, opened.
struct OpenSet {
  std::string name;  // empty where the section has one set
  BatchProvider provider;
};

// Opens the data of a section. `randomize` false keeps the order of the files.
absl::StatusOr<std::vector<OpenSet>> OpenData(const DataSection& section, const PathResolver& paths,
                                              uint64_t seed, bool randomize);

// Brings batches to the model: gathers into buffers that are used again for every batch.
class BatchFeeder {
 public:
  // Feeds the named sources of `provider`, which must outlive this, to `device`.
  BatchFeeder(const BatchProvider& provider, const std::set<std::string>& names,
              c10::Device device);

  // The tensors of a batch; valid until the next call.
  absl::StatusOr<TensorMap> Load(const BatchPlan& plan, int64_t batch);

 private:
  const BatchProvider& provider_;
  c10::Device device_;
  TensorMap buffers_;
};

// A model with its losses: what training, testing and evaluating have in common. One thread at a
// time.
class Workload {
 public:
  // Infers the shapes from the data in `provider`, builds the model and (but for evaluation) the
  // losses. Errors name what in the Kurfile does not fit the data.
  static absl::StatusOr<Workload> Build(const Kurfile& kurfile, const BatchProvider& provider,
                                        const RunOptions& options);

  Model& model() { return model_; }
  bool has_losses() const { return !losses_.empty(); }
  // The sources that the model and the losses read.
  std::set<std::string> SourceNames() const;
  // Fails if the sources do not have the shapes that the model was built for.
  absl::Status CheckSources(const DataSection& section, const BatchProvider& provider) const;

  // The loss of a batch with its graph, and the loss of each output.
  struct BatchLoss {
    at::Tensor total;
    std::vector<std::pair<std::string, double>> losses;
    double value = 0;  // of `total`
  };
  BatchLoss ComputeLoss(const TensorMap& batch, bool training, MetricSums* metrics = nullptr);

  // Measures a whole set, or its first `max_batches`. Stops early, and says so by an absent result,
  // when `observer` asks to cancel.
  absl::StatusOr<std::optional<Measurement>> Measure(const std::string& section, const OpenSet& set,
                                                     std::optional<int64_t> max_batches,
                                                     RunObserver* observer);

  // What the model gives for the first batch that Measure() looks at, and the truth.
  absl::StatusOr<HookData> FirstBatch(const OpenSet& set);

 private:
  struct BoundLoss {
    std::string target;
    double weight;
    bool from_logits;
    std::unique_ptr<Loss> loss;
  };

  Workload(Model model, ModelPlan plan) : model_(std::move(model)), plan_(std::move(plan)) {}

  Model model_;
  ModelPlan plan_;
  std::vector<BoundLoss> losses_;
  std::set<std::string> as_logits_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_WORKLOAD_H_
