#ifndef KUR_ENGINE_TRAIN_LOSS_SCALER_H_
#define KUR_ENGINE_TRAIN_LOSS_SCALER_H_

#include "engine/optimizers/optimizer.h"
#include "engine/train/checkpoint.h"

namespace kur {

// Keeps the gradients of fp16 within what it can hold (Micikevicius et al., "Mixed Precision
// Training", 2018): losses are multiplied by a scale, which falls when a gradient overflows and
// rises again after many steps that went well. The scale is in the position of the training.
class LossScaler {
 public:
  explicit LossScaler(TrainingPosition* position) : position_(position) {}

  double scale() const { return position_->loss_scale; }

  // Takes the scale out of the gradients again. False if one of them is not finite: the step is
  // then to be left out.
  bool Unscale(const Optimizer& optimizer);

 private:
  TrainingPosition* position_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_LOSS_SCALER_H_
