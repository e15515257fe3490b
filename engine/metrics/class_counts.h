#ifndef KUR_ENGINE_METRICS_CLASS_COUNTS_H_
#define KUR_ENGINE_METRICS_CLASS_COUNTS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "engine/metrics/metric.h"

namespace kur {

// Numbers of classes, one for every position of every sample: int64, of one dimension.
struct ClassPairs {
  at::Tensor predicted;
  at::Tensor truth;
  int64_t classes = 0;  // how many there are
};

// The likeliest classes and the true ones; for yes or no, every element is a position and the
// classes are 0 and 1.
ClassPairs ToClasses(const MetricContext& context, const at::Tensor& prediction,
                     const std::vector<at::Tensor>& truth);

// Counts how often each number comes.
class Histogram {
 public:
  // Takes in numbers in [0, size), each as often as `times` says, which is as long.
  void Add(const at::Tensor& numbers, const at::Tensor& times, int64_t size);
  // By number, up to the largest size.
  std::vector<int64_t> Counts() const;

 private:
  at::Tensor counts_;  // int64; undefined before the first batch
};

}  // namespace kur

#endif  // KUR_ENGINE_METRICS_CLASS_COUNTS_H_
