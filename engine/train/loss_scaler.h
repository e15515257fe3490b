#ifndef KUR_ENGINE_TRAIN_LOSS_SCALER_H_
#define KUR_ENGINE_TRAIN_LOSS_SCALER_H_

#include <cstdint>

#include "engine/optimizers/optimizer.h"

namespace kur {

// Keeps the gradients of fp16 within what it can hold (Micikevicius et al., "Mixed Precision
// Training", 2018): losses are multiplied by a scale, which falls when a gradient overflows and
// rises again after many steps that went well. Not thread-safe.
class LossScaler {
 public:
  // What a checkpoint holds of a scaler.
  struct State {
    double scale = 65536;
    int64_t steps = 0;  // since `scale` last changed

    // Calls visit(key, member) for every member, so that writing and reading cannot differ.
    template <class Self, class Visitor>
    static void VisitFields(Self& self, const Visitor& visit) {
      visit("loss_scale", self.scale);
      visit("loss_scale_steps", self.steps);
    }
  };

  explicit LossScaler(const State& state) : state_(state) {}

  double scale() const { return state_.scale; }
  const State& state() const { return state_; }

  // Takes the scale out of the gradients again. False if one of them is not finite: the step is
  // then to be left out.
  bool Unscale(const Optimizer& optimizer);

 private:
  State state_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_LOSS_SCALER_H_
