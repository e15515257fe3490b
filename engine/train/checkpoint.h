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
#include "engine/kurfile/specs/schedule_spec.h"
#include "engine/train/model.h"

namespace kur {

// Where training stands, beside the tensors.
struct TrainingPosition {
  int64_t epoch = 0;          // epochs completed over the life of the model
  int64_t batch = 0;          // batches done of the epoch at work
  int64_t total_batches = 0;  // batches trained over the life of the model
  int64_t total_samples = 0;  // samples trained over the life of the model
  std::optional<double> best_training_loss;
  std::optional<double> best_validation_loss;
  // Of the epoch at work: batch losses times samples, by output, and the samples.
  std::map<std::string, double> loss_sums;
  int64_t epoch_samples = 0;
  double epoch_seconds = 0;
  // Seconds by the name of a clock (all, train, validate, batch), over the life of the training
  // log.
  std::map<std::string, double> clocks;

  // What a run that goes on after it was killed needs, beside the above.
  uint64_t seed = 0;        // of the order of the data and of dropout
  int64_t run_batches = 0;  // batches that this run has trained
  std::string log_commit;   // KurLog::committed() of the training log; empty: no log
  int64_t last_epoch = 0;   // the epoch after which the run stops; 0: no limit
  double clock_limit = 0;   // the reading of the stop clock at which the run stops; 0: no limit
  // Counts since the checkpoint that the Kurfile asks for was last written.
  int64_t checkpoint_epochs = 0;
  int64_t checkpoint_batches = 0;
  int64_t checkpoint_samples = 0;
  double checkpoint_seconds = 0;
  int64_t run_epochs = 0;    // epochs that this run has completed
  int64_t validations = 0;   // that this run has completed
  double rate_sum = 0;       // of the step at work: values of `scale_rate` over its samples
  int64_t rate_samples = 0;  // and how many they are
  ScheduleState schedule_state;
  std::optional<double> learning_rate;  // of the last step; absent: there was none
  std::optional<double> early_best;     // what early stopping has seen
  int64_t early_waited = 0;             // validations since then
  bool ended_early = false;             // early stopping has ended the run
  double loss_scale = 65536;            // of fp16
  int64_t loss_scale_steps = 0;         // since it last changed
  int threads = 0;  // that the run computes with, if it is to be deterministic; 0: any number
  // Means of the last complete epoch and of the last validation.
  std::optional<double> latest_training_loss;
  std::optional<double> latest_validation_loss;
};

// Everything that training needs to go on: one file in the safetensors format
// (https://github.com/huggingface/safetensors): model weights under their own names
// ("labels.weight"), the optimizer's state under "optimizer/NAME", gradients that wait for more
// batches under "gradient/NAME", and in the metadata, as JSON
// under the key "kur", the rest, with a checksum of the whole file under "kur_file_sha256": of the
// header with zeros for the checksum itself, and the tensors.
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
};

// The bytes of a checkpoint file. Tensors may be on any device and have any strides.
absl::StatusOr<std::string> SerializeCheckpoint(const Checkpoint& checkpoint);

// Reads a checkpoint file; also a plain safetensors file of weights, whose position is then that of
// an untrained model. DATA_LOSS, naming what is wrong and where, for a file that is damaged;
// allocates no more than the file is long. The tensors are on the CPU.
absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_CHECKPOINT_H_
