#ifndef KUR_ENGINE_LAYERS_KERNELS_SEQUENCE_WALK_H_
#define KUR_ENGINE_LAYERS_KERNELS_SEQUENCE_WALK_H_

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>

#include "engine/layers/kernels/packed_matrix.h"

namespace kur {

// The way through the steps of a sequence, in one direction or the other, over tensors of the shape
// (time, batch, width) that are contiguous. For the fused cells.
class SequenceWalk {
 public:
  SequenceWalk(int64_t steps, bool reverse) : steps_(steps), reverse_(reverse) {}

  int64_t steps() const { return steps_; }

  // Where the step lies that is visited as number i, from 0.
  int64_t At(int64_t i) const { return reverse_ ? steps_ - 1 - i : i; }

  // The steps that have one before them, and those that they have there.
  at::Tensor Followers(const at::Tensor& tensor) const {
    return tensor.narrow(0, reverse_ ? 0 : 1, steps_ - 1);
  }
  at::Tensor Predecessors(const at::Tensor& tensor) const {
    return tensor.narrow(0, reverse_ ? 1 : 0, steps_ - 1);
  }

 private:
  int64_t steps_;
  bool reverse_;
};

// The floats of step `t`.
inline float* StepData(const at::Tensor& tensor, int64_t t) {
  return tensor.data_ptr<float>() + t * tensor.stride(0);
}

// The first `columns` of them, as a matrix of (batch, columns).
inline MatrixView StepMatrix(const at::Tensor& tensor, int64_t t, int64_t columns) {
  return {StepData(tensor, t), tensor.size(1), columns, tensor.size(2)};
}

// A contiguous (rows, columns).
inline MatrixView AsMatrix(const at::Tensor& tensor) {
  return {tensor.data_ptr<float>(), tensor.size(0), tensor.size(1), tensor.size(1)};
}

// (time, batch, width) as (time * batch, width).
inline at::Tensor AsRows(const at::Tensor& tensor) { return tensor.view({-1, tensor.size(-1)}); }

// Calls `run(begin, end)` for ranges of the rows of a batch, in several threads where there is
// enough to do for them.
template <class Run>
void ForRows(int64_t rows, int64_t units, const Run& run) {
  constexpr int64_t kMinElements = 8192;
  at::parallel_for(0, rows, std::max<int64_t>(1, kMinElements / units), run);
}

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_SEQUENCE_WALK_H_
