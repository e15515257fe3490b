#ifndef KUR_ENGINE_LOSSES_SOFTMAX_CROSSENTROPY_H_
#define KUR_ENGINE_LOSSES_SOFTMAX_CROSSENTROPY_H_

#include <ATen/core/Tensor.h>

namespace kur {

// The cross-entropy of a softmax over the last axis, for floats on the CPU: value and gradient in
// one go. With s the exponentials of a row of logits x, less their largest, and S their sum, it is
//   sum_k t_k (log S - x_k + max x), with the gradient  s_k / S sum t - t_k,
// averaged over the rows.

// True if the functions below can take these logits.
bool CanFuseSoftmaxCrossentropy(const at::Tensor& logits);

// `truth` has the shape of `logits`, (..., classes). A scalar. Only differentiable once, and only
// by the logits.
at::Tensor SoftmaxCrossentropy(const at::Tensor& logits, const at::Tensor& truth);

// `numbers` holds the number of the true class for each row. Precondition: they are whole and less
// than the number of classes.
at::Tensor SparseSoftmaxCrossentropy(const at::Tensor& logits, const at::Tensor& numbers);

}  // namespace kur

#endif  // KUR_ENGINE_LOSSES_SOFTMAX_CROSSENTROPY_H_
