#ifndef KUR_ENGINE_KURFILE_PLAN_RESOURCES_H_
#define KUR_ENGINE_KURFILE_PLAN_RESOURCES_H_

#include <cstdint>

#include "engine/kurfile/plan/model_plan.h"
#include "engine/kurfile/specs/optimizer_spec.h"

namespace kur {

// The most that a processor computes and moves, for lower bounds of times.
struct HardwareLimits {
  double flops = 100e9;     // floating-point operations a second
  double bandwidth = 10e9;  // bytes a second from and to memory
};

// What a job will need, as far as a Kurfile tells without opening its data. Every number is
// kUnknown if a part of it is.
struct Resources {
  int64_t batch_size = 0;

  int64_t weights = 0;         // bytes, running statistics included
  int64_t gradients = 0;       // bytes, of the layers that are trained
  int64_t optimizer = 0;       // bytes of its state
  int64_t average = 0;         // bytes of an average of the trained weights
  int64_t activations = 0;     // bytes of a batch at the end of its forward pass, when training
  int64_t inference = 0;       // bytes of a batch at the worst moment of a forward pass alone
  int64_t training_total = 0;  // bytes on the device when training
  int64_t inference_total = 0;

  int64_t batch_flops = 0;  // of a training step: three times those of the forward pass
  int64_t batch_bytes = 0;  // that a training step moves at least
};

// Estimates for batches of `batch_size` samples. `optimizer` may be null: no training.
// `keeps_average` is for `train.ema`. The totals
// are for the model alone; the program, its libraries and the data set come on top. Real training
// steps on a CPU took 0.87 (dense), 1.00 (recurrent) and 1.25 times (convolutions, whose library
// needs room to work) `training_total`; tests/engine/train/resources_test.cc holds it to 0.75-1.4.
Resources EstimateResources(const ModelPlan& plan, const OptimizerSpec* optimizer,
                            int64_t batch_size, bool keeps_average = false);

// A lower bound of the seconds that a training step takes: what is computed at full speed, or what
// is moved at full bandwidth, whichever takes longer; negative if it is not known.
double StepSeconds(const Resources& resources, const HardwareLimits& limits);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PLAN_RESOURCES_H_
