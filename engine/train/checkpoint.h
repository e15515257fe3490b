#ifndef KUR_ENGINE_TRAIN_CHECKPOINT_H_
#define KUR_ENGINE_TRAIN_CHECKPOINT_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/file_system.h"
#include "engine/data/encoding.h"
#include "engine/train/checkpoint_timer.h"
#include "engine/train/early_stopping.h"
#include "engine/train/epoch_tally.h"
#include "engine/train/model.h"
#include "engine/train/stepper.h"
#include "engine/train/stop_rule.h"
#include "engine/train/training_progress.h"

namespace kur {

// Where training stands, beside the tensors: the states of its parts, which each goes on from.
struct TrainingPosition {
  uint64_t seed = 0;  // of the order of the data and of dropout
  int threads = 0;    // that the run computes with, if it is to be deterministic; 0: any number
  TrainingProgress progress;
  LossRecord losses;
  EpochTally::State epoch;
  StopRule::State stop;
  Stepper::State stepper;
  CheckpointTimer::State checkpoint;
  EarlyStopper::State early_stopping;
  // Seconds by the name of a clock (all, train, validate, batch), over the life of the training
  // log.
  std::map<std::string, double> clocks;
  std::string log_commit;  // KurLog::committed() of the training log; empty: no log

  // Calls visit(key, member) for every member of every part, so that writing and reading cannot
  // differ.
  template <class Self, class Visitor>
  static void VisitFields(Self& self, const Visitor& visit) {
    visit("seed", self.seed);
    visit("threads", self.threads);
    TrainingProgress::VisitFields(self.progress, visit);
    LossRecord::VisitFields(self.losses, visit);
    EpochTally::State::VisitFields(self.epoch, visit);
    StopRule::State::VisitFields(self.stop, visit);
    Stepper::State::VisitFields(self.stepper, visit);
    CheckpointTimer::State::VisitFields(self.checkpoint, visit);
    EarlyStopper::State::VisitFields(self.early_stopping, visit);
    visit("clocks", self.clocks);
    visit("log_commit", self.log_commit);
  }
};

// What a weights file says of itself beside its tensors; see Checkpoint.
struct CheckpointHeader {
  TrainingPosition position;
  // Absent: the file is of an earlier version or of another program.
  std::optional<Encodings> encodings;
};

// Everything that training needs to go on: one file in the safetensors format
// (https://github.com/huggingface/safetensors): model weights under their own names
// ("labels.weight"), the optimizer's state under "optimizer/NAME", gradients that wait for more
// batches under "gradient/NAME", and in the metadata, as JSON, under the key "kur_data" how data
// became numbers, under the key "kur" the rest, and under "kur_file_sha256" a checksum of the whole
// file: of the header with zeros for the checksum itself, and the tensors.
//
// Where training keeps an average of its weights, that is what stands under the names of the
// weights, for whoever uses the model; those that training adjusts are under "trained/NAME".
struct Checkpoint {
  TensorMap weights;
  TensorMap trained_weights;  // those of which `weights` has an average; may be empty
  TensorMap gradients;        // of the step at work; may be empty
  std::string optimizer;      // its kind; empty: no state
  TensorMap optimizer_state;
  int64_t optimizer_steps = 0;
  TrainingPosition position;
  std::string encodings;  // of FormatEncodings(); empty: not told
};

// Returns the bytes of a checkpoint file. Tensors may be on any device and have any strides.
absl::StatusOr<std::string> SerializeCheckpoint(const Checkpoint& checkpoint);

// Reads a checkpoint file; also a plain safetensors file of weights, whose position is then that of
// an untrained model. DATA_LOSS, naming what is wrong and where, for a file that is damaged;
// allocates no more than the file is long. The tensors are on the CPU.
absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path);

// Reads only what a checkpoint file claims in its header, whether the rest is good or not. Errors
// as above.
absl::StatusOr<CheckpointHeader> ReadCheckpointHeader(const std::string& path);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_CHECKPOINT_H_
