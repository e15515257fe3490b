#ifndef KUR_ENGINE_LAYERS_KERNELS_FUSED_ATTENTION_H_
#define KUR_ENGINE_LAYERS_KERNELS_FUSED_ATTENTION_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace kur {

// Returns true if FusedAttention() accepts the tensor as query, key or value: float32 on the CPU.
bool CanFuseAttention(const at::Tensor& query);

// Returns softmax(Q K^T / sqrt(d)) V for each head, as one autograd function that does not copy the
// heads. `query` is (batch, time, heads * d); `key` and `value` are (batch, source time, heads *
// d); the result has the shape of the query. With `causal`, no step attends to a later one.
// Differentiable once.
at::Tensor FusedAttention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                          int64_t heads, bool causal);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_FUSED_ATTENTION_H_
