#ifndef KUR_ENGINE_TRAIN_STEPPER_H_
#define KUR_ENGINE_TRAIN_STEPPER_H_

#include "engine/data/batch_provider.h"
#include "engine/kurfile/sections.h"
#include "engine/optimizers/optimizer.h"
#include "engine/train/checkpoint.h"
#include "engine/train/loss_scaler.h"
#include "engine/train/weight_average.h"

namespace kur {

// Makes steps of the optimizer out of the losses of batches: accumulates gradients, sets the
// learning rate, keeps the average of the weights. Where it stands is in the position of the
// training alone. One thread at a time.
class Stepper {
 public:
  // Everything is borrowed; `average` may be null.
  Stepper(const TrainSection& train, Optimizer* optimizer, WeightAverage* average,
          TrainingPosition* position)
      : train_(train),
        optimizer_(optimizer),
        average_(average),
        position_(position),
        scaler_(position) {}

  // Adds the gradients of the batch that `position` stands at, for its share of the samples of its
  // step. False if they are not finite.
  bool AddGradients(const at::Tensor& loss, const BatchPlan& plan, const TensorMap& batch);

  // Takes a step if that batch is the last one of its step. False if the norm of the gradients is
  // not finite: then there is no step, and the gradients are dropped.
  bool StepIfDue(const BatchPlan& plan);

  // Drops the gradients that have been added since the last step.
  void Drop();

  // The learning rate of the last step, before what is said of single layers or batches; at first
  // that of the optimizer.
  double learning_rate() const {
    return position_->learning_rate.value_or(train_.optimizer->learning_rate);
  }

 private:
  bool ScalesLoss() const { return train_.options.precision == "fp16"; }
  double ScheduledRate(const BatchPlan& plan) const;
  double BatchFactor() const;

  const TrainSection& train_;
  Optimizer* optimizer_;
  WeightAverage* average_;
  TrainingPosition* position_;
  LossScaler scaler_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_STEPPER_H_
