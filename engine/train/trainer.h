#ifndef KUR_ENGINE_TRAIN_TRAINER_H_
#define KUR_ENGINE_TRAIN_TRAINER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "engine/kurfile/kurfile.h"
#include "engine/train/checkpoint_timer.h"
#include "engine/train/constant_inputs.h"
#include "engine/train/early_stopping.h"
#include "engine/train/epoch_tally.h"
#include "engine/train/non_finite.h"
#include "engine/train/run.h"
#include "engine/train/run_writer.h"
#include "engine/train/stepper.h"
#include "engine/train/stop_rule.h"
#include "engine/train/thread_governor.h"
#include "engine/train/training.h"
#include "engine/train/validation.h"

namespace kur {

// Trains the model of a Kurfile: epochs of batches, validations, checkpoints, the log. Not
// thread-safe; one object trains once.
class Trainer {
 public:
  // Goes on where `training` stands. The rest is borrowed and must outlive the trainer.
  Trainer(Training training, const Kurfile& kurfile, const RunOptions& options,
          const RunHost& host);
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  absl::StatusOr<RunOutcome> Run();

 private:
  const TrainSection& train() const { return *kurfile_.sections().train; }
  TrainingPosition Position() const;
  void ReportStart();

  bool IsDone() const;
  BatchFeeder MakeFeeder();
  absl::StatusOr<bool> TrainEpoch();
  absl::Status TrainBatch(const BatchPlan& plan, BatchFeeder* feeder);
  absl::Status CountBatch(const Objective::BatchLoss& loss, int64_t size, bool trained,
                          double start);
  absl::Status AfterBatch();
  // Does the commands that wait, and acknowledges each.
  absl::Status HandleCommands();
  absl::Status WriteRequestedCheckpoint();
  absl::Status FinishEpoch();
  absl::Status CheckpointIfDue(bool epoch_done);

  // Ends the run, or leaves the batch out, as `train.non_finite` says.
  absl::Status HandleNonFinite(const std::string& trouble, const BatchPlan& plan,
                               const TensorMap& batch);
  // Says where the numbers of the batch first are not finite, once a run, and writes the batch
  // down.
  std::string ExamineBatch(const BatchPlan& plan, const TensorMap& batch);

  // Validates; sets `cancelled_` if the run is to end.
  absl::Status Validate(std::optional<int64_t> max_batches, bool epoch_done);
  absl::Status RecordValidation(const ValidationResult& result, bool epoch_done);
  absl::Status ApplyValidationHooks(const ValidationResult& result);

  // Tells the hooks how training goes, unless they have heard of it just now.
  absl::Status NotifyHooks(TrainingStatus::Phase phase);

  const Kurfile& kurfile_;
  const RunOptions& options_;
  const RunHost host_;
  Training training_;  // its `position` is where this process began

  // Where the training stands.
  TrainingProgress progress_;
  LossRecord losses_;
  EpochTally epoch_;
  StopRule stop_;
  CheckpointTimer checkpoint_;
  EarlyStopper early_stopping_;
  Clocks clocks_;
  Stepper stepper_;
  RunWriter writer_;

  ThreadGovernor governor_;
  std::optional<ConstantInputs> constant_inputs_;  // until the first epoch of the run ends
  bool has_given_way_ = false;  // to other programs, with fewer threads; said once

  RunningStatistics statistics_;
  TrainingHistory history_;
  double next_notification_ = 0;  // of hooks, on MonotonicSeconds()' clock
  bool cancelled_ = false;
  bool examined_ = false;  // a batch whose numbers were not finite
  int skipped_in_a_row_ = 0;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_TRAINER_H_
