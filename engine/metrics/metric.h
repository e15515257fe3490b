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

// What a metric knows of the output that it is about.
struct MetricContext {
  Task task;
  Shape output;              // of a sample, with what is known of its extents
  bool from_logits = false;  // it is given what went into the softmax or sigmoid
  bool blank_is_first = false;
  std::vector<std::string> symbols = {};  // what the numbers of the truth stand for; may be empty
};

// A metric of one output over a set of data. It adds up what is exact over the whole set, however
// that is cut into batches. One thread at a time.
class Metric {
 public:
  virtual ~Metric() = default;

  // Takes a batch in: `prediction` and `truth` as Loss::Compute() gets them, without gradients.
  // Sums stay on the device of the prediction; nothing waits for them.
  virtual void Add(const at::Tensor& prediction, const std::vector<at::Tensor>& truth) = 0;

  // Gives the values over all that was added, at least one batch, by name.
  virtual std::map<std::string, double> Values() const = 0;
};

// Builds an empty metric of a spec for an output that the spec suits.
struct MetricBuilder {
  std::function<std::unique_ptr<Metric>(const MetricSpec&, const MetricContext&)> build;
};

// The builder of the class MetricType, constructible from (const Spec&, const MetricContext&).
template <class MetricType, class Spec>
MetricBuilder MakeMetricBuilder() {
  return {[](const MetricSpec& spec, const MetricContext& context) {
    return std::make_unique<MetricType>(static_cast<const Spec&>(spec), context);
  }};
}

// Adds to a sum that may not have begun.
inline void AddTo(at::Tensor* sum, const at::Tensor& term) {
  *sum = sum->defined() ? *sum + term : term;
}

}  // namespace kur

#endif  // KUR_ENGINE_METRICS_METRIC_H_
