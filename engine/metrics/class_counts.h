#ifndef KUR_ENGINE_METRICS_CLASS_COUNTS_H_
#define KUR_ENGINE_METRICS_CLASS_COUNTS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "engine/metrics/metric.h"

namespace kur {

// The predicted and the true class number at every position of every sample: int64, (positions,).
struct ClassPairs {
  at::Tensor predicted;
  at::Tensor truth;
  int64_t classes = 0;  // the number of classes
};

// Returns the most probable and the true classes. For yes or no, every element is a position, and
// the classes are 0 and 1.
ClassPairs ToClassPairs(const MetricContext& context, const at::Tensor& prediction,
                        const std::vector<at::Tensor>& truth);

// Counts the occurrences of integers. The counts stay on the device of the numbers. Not
// thread-safe.
class Histogram {
 public:
  // Adds weights[i] to the count of numbers[i]. Both are int64, (n,); numbers are in [0, size).
  void Add(const at::Tensor& numbers, const at::Tensor& weights, int64_t size);
  // Returns the count of each number, up to the largest `size`. Waits for the device.
  std::vector<int64_t> Counts() const;

 private:
  at::Tensor counts_;  // int64, (largest size,); undefined before the first batch
};

}  // namespace kur

#endif  // KUR_ENGINE_METRICS_CLASS_COUNTS_H_
