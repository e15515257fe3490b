#ifndef KUR_ENGINE_LOSSES_SOFTMAX_CROSSENTROPY_H_
#define KUR_ENGINE_LOSSES_SOFTMAX_CROSSENTROPY_H_

#include <ATen/core/Tensor.h>

namespace kur {

// The cross-entropy of a softmax over the last axis, for float32 on the CPU. Value and gradient are
// computed together. With x a row of logits, t its truth, s_k = exp(x_k - max x) and S = sum_k s_k:
//   loss = sum_k t_k (log S - x_k + max x),   d loss / d x_k = s_k / S sum t - t_k,
// averaged over the rows.

// Returns the loss, a scalar. `truth` has the shape of `logits`, (..., classes). Differentiable
// once with respect to the logits. Precondition: CanFuseSoftmaxCrossentropy().
at::Tensor SoftmaxCrossentropy(const at::Tensor& logits, const at::Tensor& truth);

// Returns the loss for a truth of one class number per row. Preconditions: the numbers are integers
// in [0, classes); CanFuseSparseSoftmaxCrossentropy().
at::Tensor SparseSoftmaxCrossentropy(const at::Tensor& logits, const at::Tensor& numbers);

// Return false for other types or devices, and for shapes that do not fit. Shapes are not checked
// elsewhere if an extent depends on the batch.
bool CanFuseSoftmaxCrossentropy(const at::Tensor& logits, const at::Tensor& truth);
bool CanFuseSparseSoftmaxCrossentropy(const at::Tensor& logits, const at::Tensor& numbers);

}  // namespace kur

#endif  // KUR_ENGINE_LOSSES_SOFTMAX_CROSSENTROPY_H_
