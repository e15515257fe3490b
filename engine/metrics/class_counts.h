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
};

// The likeliest classes and the true ones; for yes or no, every element is a position and the
// classes are 0 and 1.
ClassPairs ToClasses(const MetricContext& context, const at::Tensor& prediction,
                     const std::vector<at::Tensor>& truth);

// How many classes there are.
int64_t NumClasses(const MetricContext& context);

// Counts how often each number in [0, size) comes.
class Histogram {
 public:
  explicit Histogram(int64_t size) : size_(size) {}
  void Add(const at::Tensor& numbers);
  std::vector<int64_t> Counts() const;

 private:
  int64_t size_;
  at::Tensor counts_;  // int64; undefined before the first batch
};

}  // namespace kur

#endif  // KUR_ENGINE_METRICS_CLASS_COUNTS_H_
