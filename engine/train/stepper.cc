#include "engine/train/stepper.h"

#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>

namespace kur {
namespace {

int64_t CeilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

bool Stepper::AddGradients(const at::Tensor& loss, const BatchPlan& plan, const TensorMap& batch) {
  const int64_t accumulate = train_.options.accumulate;
  const int64_t first = parts_.progress->batch - parts_.progress->batch % accumulate;
  const int64_t end =
      std::min(first + std::min(accumulate, plan.num_batches()), plan.num_batches());
  const int64_t size = plan.size(parts_.progress->batch);
  int64_t samples = 0;
  for (int64_t i = first; i < end; ++i) samples += plan.size(i);
  const double share = static_cast<double>(size) / static_cast<double>(samples);
  const double factor = ScalesLoss() ? share * scaler_.scale() : share;
  // A batch of sequences that are all empty may depend on no weight.
  if (loss.requires_grad()) (factor == 1 ? loss : loss * factor).backward();
  if (const auto& source = train_.optimizer->scale_rate) {
    state_.rate_sum += batch.at(*source).mean().item<double>() * static_cast<double>(size);
    state_.rate_samples += size;
  }
  // Those of fp16 may overflow, which the scaler sees to.
  return ScalesLoss() || parts_.optimizer->GradientsAreFinite();
}

bool Stepper::StepIfDue(const BatchPlan& plan) {
  const int64_t done = parts_.progress->batch + 1;
  if (done % train_.options.accumulate != 0 && done != plan.num_batches()) return true;
  bool good = true;
  if (parts_.optimizer->HasGradients()) {
    state_.learning_rate = ScheduledRate(plan);
    parts_.optimizer->set_learning_rate(*state_.learning_rate * BatchFactor());
    if (ScalesLoss() && !scaler_.Unscale(*parts_.optimizer)) {
      parts_.optimizer->DropGradients();
    } else {
      good = parts_.optimizer->Step(train_.optimizer->clip);
      if (good && parts_.average != nullptr) parts_.average->Update();
    }
  }
  state_.rate_sum = 0;
  state_.rate_samples = 0;
  return good;
}

void Stepper::Drop() {
  parts_.optimizer->DropGradients();
  state_.rate_sum = 0;
  state_.rate_samples = 0;
}

void Stepper::ObserveValidation(double loss) {
  if (train_.options.schedule != nullptr)
    train_.options.schedule->ObserveValidation(loss, &state_.schedule);
}

Stepper::State Stepper::state() const {
  State state = state_;
  state.scaler = scaler_.state();
  return state;
}

double Stepper::ScheduledRate(const BatchPlan& plan) const {
  const double rate = train_.optimizer->learning_rate;
  if (train_.options.schedule == nullptr) return rate;
  ScheduleTime time;
  time.steps_per_epoch = CeilDivide(plan.num_batches(), train_.options.accumulate);
  time.step = parts_.progress->run_epochs * time.steps_per_epoch +
              parts_.progress->batch / train_.options.accumulate;
  if (last_epoch_ > 0) {
    const int64_t first_epoch = parts_.progress->epoch - parts_.progress->run_epochs;
    time.total_steps = (last_epoch_ - first_epoch) * time.steps_per_epoch;
  }
  return rate * train_.options.schedule->Factor(time, state_.schedule);
}

// What `scale_rate` makes of the batches of a step: the mean over all of their samples.
double Stepper::BatchFactor() const {
  if (state_.rate_samples == 0) return 1;
  const double mean = state_.rate_sum / static_cast<double>(state_.rate_samples);
  return train_.optimizer->scale_mode == "sqrt" ? std::sqrt(std::max(mean, 0.0)) : mean;
}

}  // namespace kur
