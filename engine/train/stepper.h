#ifndef KUR_ENGINE_TRAIN_STEPPER_H_
#define KUR_ENGINE_TRAIN_STEPPER_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "engine/data/batch_provider.h"
#include "engine/kurfile/sections.h"
#include "engine/kurfile/specs/schedule_spec.h"
#include "engine/optimizers/optimizer.h"
#include "engine/train/loss_scaler.h"
#include "engine/train/model.h"
#include "engine/train/training_progress.h"
#include "engine/train/weight_average.h"

namespace kur {

// Makes steps of the optimizer out of the losses of batches: accumulates gradients, sets the
// learning rate, keeps the average of the weights. Not thread-safe.
class Stepper {
 public:
  // What a checkpoint holds of a stepper.
  struct State {
    double rate_sum = 0;       // of the step at work: values of `scale_rate` over its samples
    int64_t rate_samples = 0;  // of the step at work: samples that `rate_sum` is over
    ScheduleState schedule;
    std::optional<double> learning_rate;  // of the last step; absent: there was none
    LossScaler::State scaler;

    // Calls visit(key, member) for every member, so that writing and reading cannot differ.
    template <class Self, class Visitor>
    static void VisitFields(Self& self, const Visitor& visit) {
      visit("rate_sum", self.rate_sum);
      visit("rate_samples", self.rate_samples);
      visit("schedule_state", self.schedule);
      visit("learning_rate", self.learning_rate);
      LossScaler::State::VisitFields(self.scaler, visit);
    }
  };

  // What a stepper works with. Everything is borrowed.
  struct Parts {
    Optimizer* optimizer = nullptr;
    WeightAverage* average = nullptr;  // may be null
    const TrainingProgress* progress = nullptr;
  };

  // `last_epoch` is the epoch after which the run stops; 0 or less: it is not known.
  Stepper(const TrainSection& train, const Parts& parts, int64_t last_epoch, State state)
      : train_(train),
        parts_(parts),
        last_epoch_(last_epoch),
        state_(std::move(state)),
        scaler_(state_.scaler) {}

  // Adds the gradients of the batch that the progress stands at, for its share of the samples of
  // its step. False if they are not finite.
  bool AddGradients(const at::Tensor& loss, const BatchPlan& plan, const TensorMap& batch);

  // Takes a step if that batch is the last one of its step. False if the norm of the gradients is
  // not finite: then there is no step, and the gradients are dropped.
  bool StepIfDue(const BatchPlan& plan);

  // Drops the gradients that have been added since the last step.
  void Drop();

  // Tells the schedule of the learning rate the loss of the validation after an epoch.
  void ObserveValidation(double loss);

  // Returns the learning rate of the last step, before what is said of single layers or batches; at
  // first that of the optimizer.
  double learning_rate() const {
    return state_.learning_rate.value_or(train_.optimizer->learning_rate);
  }

  State state() const;

 private:
  bool ScalesLoss() const { return train_.options.precision == "fp16"; }
  double ScheduledRate(const BatchPlan& plan) const;
  double BatchFactor() const;

  const TrainSection& train_;
  const Parts parts_;
  const int64_t last_epoch_;
  State state_;  // but for that of the scaler
  LossScaler scaler_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_STEPPER_H_
