#ifndef KUR_ENGINE_TRAIN_TRAINER_H_
#define KUR_ENGINE_TRAIN_TRAINER_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/data/kur_log.h"
#include "engine/kurfile/kurfile.h"
#include "engine/optimizers/optimizer.h"
#include "engine/train/checkpoint.h"
#include "engine/train/hook_runner.h"
#include "engine/train/run.h"
#include "engine/train/stopwatch.h"
#include "engine/train/workload.h"

namespace kur {

// Trains the model of a Kurfile: epochs of batches, validations, checkpoints, the log. One thread;
// one object trains once.
class Trainer {
 public:
  // Everything is borrowed and must outlive the trainer.
  Trainer(const Kurfile& kurfile, const PathResolver& paths, const RunOptions& options,
          RunObserver* observer)
      : kurfile_(kurfile), paths_(paths), options_(options), observer_(observer) {}

  absl::StatusOr<RunEnd> Run();

 private:
  const TrainSection& train() const { return *kurfile_.sections().train; }

  // Before the first batch.
  absl::Status Prepare();
  absl::Status OpenLog();
  absl::StatusOr<bool> ResumeRun();
  absl::Status LoadInitialWeights();
  void SetLimits();
  void ReportStart();

  // The loop.
  bool LimitReached() const;
  absl::StatusOr<bool> TrainEpoch();
  absl::Status TrainBatch(const BatchPlan& plan, BatchFeeder* feeder);
  absl::Status AfterBatch();
  absl::Status FinishEpoch();
  absl::Status CheckFinite(const Workload::BatchLoss& loss) const;

  // Validation; sets `cancelled_` if the run is to end.
  absl::Status Validate(std::optional<int64_t> max_batches);

  // Tells the hooks how training goes, unless they have heard of it just now.
  absl::Status NotifyHooks(bool now);

  // Writing.
  absl::Status CheckpointIfDue(bool epoch_done);
  absl::Status WriteWeights(const FileReference& file, const std::string& description);
  absl::Status WriteResumeFileIfDue(bool now);
  absl::StatusOr<const std::string*> Serialized();
  void ReadClocks();
  absl::Status FlushLog();

  const Kurfile& kurfile_;
  const PathResolver& paths_;
  const RunOptions& options_;
  RunObserver* observer_;

  std::optional<OpenSet> data_;
  std::vector<OpenSet> validation_;
  std::optional<Workload> workload_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<KurLog> log_;
  std::optional<HookRunner> hooks_;
  std::optional<HookRunner> validation_hooks_;
  TrainingHistory history_;
  double next_notification_ = 0;
  TrainingPosition position_;
  bool resumed_ = false;
  bool initial_weights_loaded_ = false;
  bool cancelled_ = false;

  Stopwatch all_clock_;
  Stopwatch train_clock_;
  Stopwatch validate_clock_;
  Stopwatch batch_clock_;

  std::string serialized_;  // of the current state; empty: not made yet
  double next_resume_write_ = 0;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_TRAINER_H_
