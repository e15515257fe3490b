#ifndef KUR_ENGINE_KURFILE_PLAN_RESOURCES_H_
#define KUR_ENGINE_KURFILE_PLAN_RESOURCES_H_

#include <cstdint>

#include "engine/kurfile/plan/model_plan.h"
#include "engine/kurfile/specs/optimizer_spec.h"

namespace kur {

// The peak performance of a processor, for lower bounds. Set to the values of the real machine for
// better bounds.
struct HardwareLimits {
  double flops = 100e9;     // floating-point operations per second
  double bandwidth = 10e9;  // bytes per second from and to memory
};

// The resources that a job needs, estimated without opening its data. A number is kUnknown if one
// of its terms is.
struct Resources {
  int64_t batch_size = 0;

  int64_t weights = 0;         // bytes, including running statistics
  int64_t gradients = 0;       // bytes, of the layers that are trained
  int64_t optimizer = 0;       // bytes of the optimizer's state
  int64_t average = 0;         // bytes of the moving average of the trained weights
  int64_t activations = 0;     // bytes of a batch at the end of a forward pass in training
  int64_t inference = 0;       // peak bytes of a batch in a forward pass without training
  int64_t training_total = 0;  // bytes on the device in training
  int64_t inference_total = 0;

  int64_t batch_flops = 0;  // of a training step: three times a forward pass
  int64_t batch_bytes = 0;  // least bytes that a training step moves from and to memory
};

// Estimates the resources for batches of `batch_size` samples. `optimizer` is null for a job that
// does not train. `keeps_average` is for `train.ema`. The totals cover the model alone, not the
// program, its libraries and the data set. Real training steps on a CPU took 0.87 (dense), 1.00
// (recurrent) and 1.25 times (convolutions, whose library needs working memory) `training_total`;
// tests/engine/train/resources_test.cc requires 0.75-1.4.
Resources EstimateResources(const ModelPlan& plan, const OptimizerSpec* optimizer,
                            int64_t batch_size, bool keeps_average = false);

// Returns a lower bound of the seconds of a training step: the larger of the computation at full
// speed and the memory traffic at full bandwidth. Negative if unknown.
double MinStepSeconds(const Resources& resources, const HardwareLimits& hardware);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PLAN_RESOURCES_H_
