#ifndef KUR_ENGINE_LAYERS_KERNELS_STEP_ORDER_H_
#define KUR_ENGINE_LAYERS_KERNELS_STEP_ORDER_H_

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>

#include "engine/layers/kernels/packed_matrix.h"

namespace kur {

// The order in which a fused cell visits the steps of a sequence: forward or in reverse. Tensors
// are contiguous, (time, batch, width). Immutable, thread-safe.
class StepOrder {
 public:
  StepOrder(int64_t steps, bool reverse) : steps_(steps), reverse_(reverse) {}

  int64_t steps() const { return steps_; }

  // Returns the index on the time axis of the step that is visited as number i, from 0.
  int64_t Step(int64_t i) const { return reverse_ ? steps_ - 1 - i : i; }

  // Return all steps but the one visited first, or last. At equal indices, the step of
  // WithoutLast() is visited just before the step of WithoutFirst().
  at::Tensor WithoutFirst(const at::Tensor& tensor) const {
    return tensor.narrow(0, reverse_ ? 0 : 1, steps_ - 1);
  }
  at::Tensor WithoutLast(const at::Tensor& tensor) const {
    return tensor.narrow(0, reverse_ ? 1 : 0, steps_ - 1);
  }

 private:
  int64_t steps_;
  bool reverse_;
};

// Returns the values of step `t`, (batch, width).
inline float* StepData(const at::Tensor& tensor, int64_t t) {
  return tensor.data_ptr<float>() + t * tensor.stride(0);
}

// Returns the first `columns` columns of step `t` as a matrix (batch, columns).
inline MatrixView StepMatrix(const at::Tensor& tensor, int64_t t, int64_t columns) {
  return {StepData(tensor, t), tensor.size(1), columns, tensor.size(2)};
}

// Returns a contiguous tensor (rows, columns) as a matrix.
inline MatrixView AsMatrix(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), tensor.size(0), tensor.size(1), tensor.size(1)};
}

// Returns a view of (time, batch, width) as (time * batch, width).
inline at::Tensor AsRows(const at::Tensor& tensor) { return tensor.view({-1, tensor.size(-1)}); }

// Calls run(begin, end) for ranges that cover the rows of a batch, with several threads if there is
// enough work.
template <class Run>
void ParallelForRows(int64_t rows, int64_t units, const Run& run) {
  constexpr int64_t kMinElements = 8192;
  at::parallel_for(0, rows, std::max<int64_t>(1, kMinElements / units), run);
}

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_STEP_ORDER_H_
