#ifndef KUR_ENGINE_LOSSES_LOSS_H_
#define KUR_ENGINE_LOSSES_LOSS_H_

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/base/registry.h"
#include "engine/kurfile/loss_spec.h"

namespace kur {

// A metric that is summed over a set, so that it is exact over the whole of it: sum / count.
struct MetricSum {
  double sum = 0;
  int64_t count = 0;
};

// Metrics by name: "accuracy".
using MetricSums = std::map<std::string, MetricSum>;

// A built loss function. Immutable, thread-safe.
class Loss {
 public:
  virtual ~Loss() = default;

  // The loss of a batch, a scalar: the mean over samples (and over the positions in them).
  // `prediction` is the model's output in the author's layout, (batch, ...), or, with
  // `from_logits`, what went into its softmax; `truth` has the same shape.
  virtual at::Tensor Compute(const at::Tensor& prediction, const at::Tensor& truth,
                             bool from_logits) const = 0;

  // True if the loss of a softmax's output is better computed from the softmax's input.
  virtual bool PrefersLogits() const { return false; }

  // Adds the metrics of a batch. Arguments as for Compute(), without gradients.
  virtual void Measure(const at::Tensor& prediction, const at::Tensor& truth,
                       MetricSums* metrics) const {
    static_cast<void>(prediction);
    static_cast<void>(truth);
    static_cast<void>(metrics);
  }
};

// Builds the loss of a spec.
struct LossBuilder {
  std::function<std::unique_ptr<Loss>(const LossSpec&)> build;
};

// The builder of the class LossType, constructible from (const Spec&).
template <class LossType, class Spec>
LossBuilder MakeLossBuilder() {
  return {[](const LossSpec& spec) {
    return std::make_unique<LossType>(static_cast<const Spec&>(spec));
  }};
}

}  // namespace kur

#endif  // KUR_ENGINE_LOSSES_LOSS_H_
