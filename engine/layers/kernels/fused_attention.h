#ifndef KUR_ENGINE_LAYERS_KERNELS_FUSED_ATTENTION_H_
#define KUR_ENGINE_LAYERS_KERNELS_FUSED_ATTENTION_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace kur {

// True if FusedAttention() can take such a query: floats on the CPU.
bool CanFuseAttention(const at::Tensor& query);

// softmax(Q K^T / sqrt(d)) V of each head as one function of autograd, which reads the heads where
// they lie. `query` is (batch, time, heads * d); `key` and `value` are (batch, source time,
// heads * d); the result is like the query. With `causal` no step sees a later one. Only
// differentiable once.
at::Tensor FusedAttention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                          int64_t heads, bool causal);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_FUSED_ATTENTION_H_
