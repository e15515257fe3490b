#ifndef KUR_ENGINE_METRICS_METRIC_H_
#define KUR_ENGINE_METRICS_METRIC_H_

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/registry.h"
#include "engine/kurfile/specs/metric_spec.h"

namespace kur {

// Describes the output that a metric is computed for.
struct MetricContext {
  Task task;
  Shape output;                           // of a sample; extents may be unknown
  bool from_logits = false;               // predictions are the input of the softmax or sigmoid
  bool blank_is_first = false;            // of the loss ctc: the blank is class 0, not the last
  std::vector<std::string> symbols = {};  // the names of the truth's numbers; may be empty
};

// A metric of one output over a data set. Accumulates sums that are exact over the whole set, so
// that the value does not depend on the batches. Not thread-safe: one thread at a time.
class Metric {
 public:
  virtual ~Metric() = default;

  // Adds a batch: `prediction` and `truth` as for Loss::Compute(), without gradients. Sums stay on
  // the device of the prediction, so that most metrics do not wait for it.
  virtual void Add(const at::Tensor& prediction, const std::vector<at::Tensor>& truth) = 0;

  // Returns the values over all added batches by name. Waits for the device. Precondition: a batch
  // was added.
  virtual std::map<std::string, double> Values() const = 0;
};

// Builds an empty metric. Precondition: MetricSpec::Suits() the task.
struct MetricBuilder {
  std::function<std::unique_ptr<Metric>(const MetricSpec&, const MetricContext&)> build;
};

// Returns a builder for specs of the type Spec. MetricType must be constructible from (const Spec&,
// const MetricContext&).
template <class MetricType, class Spec>
MetricBuilder MakeMetricBuilder() {
  return {[](const MetricSpec& spec, const MetricContext& context) {
    return std::make_unique<MetricType>(static_cast<const Spec&>(spec), context);
  }};
}

// Adds to a sum; an undefined sum counts as 0.
inline void AddTo(at::Tensor* sum, const at::Tensor& term) {
  *sum = sum->defined() ? *sum + term : term;
}

}  // namespace kur

#endif  // KUR_ENGINE_METRICS_METRIC_H_
