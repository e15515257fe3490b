#ifndef KUR_ENGINE_TRAIN_TRAINING_PROGRESS_H_
#define KUR_ENGINE_TRAIN_TRAINING_PROGRESS_H_

#include <cstdint>
#include <optional>

namespace kur {

// How far a training has come, as a checkpoint holds it. Not thread-safe.
struct TrainingProgress {
  int64_t epoch = 0;          // epochs completed over the life of the model
  int64_t batch = 0;          // batches done of the epoch at work
  int64_t total_batches = 0;  // batches trained over the life of the model
  int64_t total_samples = 0;  // samples trained over the life of the model
  int64_t run_batches = 0;    // batches that this run has trained
  int64_t run_epochs = 0;     // epochs that this run has completed
  int64_t validations = 0;    // validations that this run has completed

  // Calls visit(key, member) for every member, so that writing and reading cannot differ.
  template <class Self, class Visitor>
  static void VisitFields(Self& self, const Visitor& visit) {
    visit("epoch", self.epoch);
    visit("batch", self.batch);
    visit("total_batches", self.total_batches);
    visit("total_samples", self.total_samples);
    visit("run_batches", self.run_batches);
    visit("run_epochs", self.run_epochs);
    visit("validations", self.validations);
  }
};

// The losses by which a training judges its weights, as a checkpoint holds them. Not thread-safe.
struct LossRecord {
  // Over the life of the model.
  std::optional<double> best_training;
  std::optional<double> best_validation;
  // Means of the last complete epoch and of the last validation.
  std::optional<double> latest_training;
  std::optional<double> latest_validation;

  // Calls visit(key, member) for every member, so that writing and reading cannot differ.
  template <class Self, class Visitor>
  static void VisitFields(Self& self, const Visitor& visit) {
    visit("best_training_loss", self.best_training);
    visit("best_validation_loss", self.best_validation);
    visit("latest_training_loss", self.latest_training);
    visit("latest_validation_loss", self.latest_validation);
  }
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_TRAINING_PROGRESS_H_
