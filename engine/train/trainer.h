#ifndef KUR_ENGINE_TRAIN_TRAINER_H_
#define KUR_ENGINE_TRAIN_TRAINER_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/kurfile/kurfile.h"
#include "engine/optimizers/optimizer.h"
#include "engine/train/checkpoint.h"
#include "engine/train/clocks.h"
#include "engine/train/hook_runner.h"
#include "engine/train/kur_log.h"
#include "engine/train/non_finite.h"
#include "engine/train/run.h"
#include "engine/train/run_writer.h"
#include "engine/train/stepper.h"
#include "engine/train/validation.h"
#include "engine/train/weight_average.h"
#include "engine/train/workload.h"

namespace kur {

// While it lives, torch takes the algorithms that always give the same, for the whole process.
class DeterministicAlgorithms {
 public:
  DeterministicAlgorithms();
  ~DeterministicAlgorithms();
  DeterministicAlgorithms(const DeterministicAlgorithms&) = delete;
  DeterministicAlgorithms& operator=(const DeterministicAlgorithms&) = delete;
};

// Trains the model of a Kurfile: epochs of batches, validations, checkpoints, the log. One thread;
// one object trains once.
class Trainer {
 public:
  // Everything is borrowed and must outlive the trainer.
  Trainer(const Kurfile& kurfile, const PathResolver& paths, const RunOptions& options,
          const RunHost& host)
      : kurfile_(kurfile), paths_(paths), options_(options), host_(host) {}

  absl::StatusOr<RunOutcome> Run();

 private:
  const TrainSection& train() const { return *kurfile_.sections().train; }

  WeightAverage* average() { return average_ ? &*average_ : nullptr; }

  // Before the first batch: in trainer_start.cc.
  absl::Status Prepare();
  absl::Status SetUpNumerics();
  absl::Status OpenSets();
  absl::Status SetUpAugmentation();
  void BuildOptimizer();
  absl::Status Restore();
  absl::Status LoadModel(const Checkpoint& saved);
  absl::Status OpenLog();
  absl::StatusOr<bool> ResumeRun();
  absl::StatusOr<bool> ResumeFromCheckpoint(const absl::Status& damage);
  absl::Status LoadInitialWeights();
  void SetLimits();
  void ReportStart();

  // The loop.
  bool LimitReached() const;
  absl::StatusOr<bool> TrainEpoch();
  absl::Status TrainBatch(const BatchPlan& plan, BatchFeeder* feeder);
  absl::Status AfterBatch();
  absl::Status HandleCommand(const RunCommand& command);
  absl::Status WriteRequestedCheckpoint();
  absl::Status FinishEpoch();
  absl::Status CountBatch(const Workload::BatchLoss& loss, int64_t size, bool trained,
                          double start);
  absl::Status CheckpointIfDue(bool epoch_done);

  // Numbers that are not finite. The first is "" if all losses are.
  std::string TroubleOf(const Workload::BatchLoss& loss) const;
  absl::Status HandleNonFinite(const std::string& trouble, const BatchPlan& plan,
                               const TensorMap& batch);

  // Validation; sets `cancelled_` if the run is to end.
  absl::Status Validate(std::optional<int64_t> max_batches, bool epoch_done);
  absl::Status Observe(const ValidationResult& result);
  absl::Status ApplyValidationHooks(const ValidationResult& result);

  // Tells the hooks how training goes, unless they have heard of it just now.
  absl::Status NotifyHooks(TrainingNews::Moment moment);

  const Kurfile& kurfile_;
  const PathResolver& paths_;
  const RunOptions& options_;
  const RunHost host_;

  std::optional<OpenSet> data_;
  std::vector<OpenSet> validation_;
  std::optional<Workload> workload_;
  std::optional<Augmenter> augmenter_;
  std::unique_ptr<Optimizer> optimizer_;
  std::optional<WeightAverage> average_;
  std::optional<RunningStatistics> statistics_;
  std::optional<DeterministicAlgorithms> deterministic_;
  std::unique_ptr<KurLog> log_;
  std::optional<HookRunner> hooks_;
  std::optional<HookRunner> validation_hooks_;
  TrainingHistory history_;
  double next_notification_ = 0;
  TrainingPosition position_;
  bool resumed_ = false;
  std::string resumed_from_;  // the file that the run goes on from
  bool initial_weights_loaded_ = false;
  bool cancelled_ = false;

  bool examined_ = false;  // a batch whose numbers were not finite
  int skipped_in_a_row_ = 0;

  double data_seconds_ = 0;  // that batches of the epoch at work were waited for
  int64_t skipped_ = 0;      // samples of the epoch at work for which a loss was not defined

  Clocks clocks_;
  std::optional<Stepper> stepper_;
  std::optional<RunWriter> writer_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_TRAINER_H_
