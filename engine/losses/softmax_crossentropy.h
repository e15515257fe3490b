#ifndef KUR_ENGINE_LOSSES_SOFTMAX_CROSSENTROPY_H_
#define KUR_ENGINE_LOSSES_SOFTMAX_CROSSENTROPY_H_

#include <ATen/core/Tensor.h>

namespace kur {

// The cross-entropy of a softmax over the last axis, for floats on the CPU: value and gradient in
// one go. With s the exponentials of a row of logits x, less their largest, and S their sum, it is
//   sum_k t_k (log S - x_k + max x), with the gradient  s_k / S sum t - t_k,
// averaged over the rows.

// `truth` has the shape of `logits`, (..., classes). A scalar. Only differentiable once, and only
// by the logits. Precondition: CanFuseSoftmaxCrossentropy().
at::Tensor SoftmaxCrossentropy(const at::Tensor& logits, const at::Tensor& truth);

// `numbers` holds the number of the true class for each row. Preconditions: they are whole and less
// than the number of classes, and CanFuseSparseSoftmaxCrossentropy().
at::Tensor SparseSoftmaxCrossentropy(const at::Tensor& logits, const at::Tensor& numbers);

// False for other types, other devices, and a truth that does not fit: where the extent of an axis
// depends on the batch, nobody has compared them before.
bool CanFuseSoftmaxCrossentropy(const at::Tensor& logits, const at::Tensor& truth);
bool CanFuseSparseSoftmaxCrossentropy(const at::Tensor& logits, const at::Tensor& numbers);

}  // namespace kur

#endif  // KUR_ENGINE_LOSSES_SOFTMAX_CROSSENTROPY_H_
