#include "engine/layers/kernels/fused_attention.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/kernel_choice.h"
#include "engine/base/vector_math.h"
#include "engine/layers/kernels/packed_matrix.h"

namespace kur {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Loops over one row. The compiler vectorizes them, as it trusts `__restrict` of parameters.

KUR_INLINE void ExpOfRow(int64_t count, float scale, float largest, float* __restrict row) {
  for (int64_t i = 0; i < count; ++i) row[i] = Exp((row[i] - largest) * scale);
}

KUR_INLINE void ScaleRow(int64_t count, float scale, float* __restrict row) {
  for (int64_t i = 0; i < count; ++i) row[i] *= scale;
}

// Replaces each row, of `columns` elements, by softmax(scale * row). With `causal`, row i has a
// softmax of its first i + 1 elements, and zeros after them.
KUR_FOR_EACH_PROCESSOR void SoftmaxRows(int64_t rows, int64_t columns, float scale, bool causal,
                                        float* row) {
  for (int64_t i = 0; i < rows; ++i, row += columns) {
    const int64_t count = causal ? i + 1 : columns;
    ExpOfRow(count, scale, Largest(count, row), row);
    ScaleRow(count, 1 / Sum(count, row), row);
    std::fill(row + count, row + columns, 0.0f);
  }
}

KUR_INLINE void SoftmaxBackwardRow(int64_t count, float scale, float dot,
                                   const float* __restrict softmax, float* __restrict gradient) {
  for (int64_t i = 0; i < count; ++i) gradient[i] = softmax[i] * (gradient[i] - dot) * scale;
}

// Replaces the gradient of the softmax by the gradient of the unscaled scores.
KUR_FOR_EACH_PROCESSOR void SoftmaxBackwardRows(int64_t rows, int64_t columns, float scale,
                                                const float* softmax, float* gradient) {
  for (int64_t i = 0; i < rows; ++i, softmax += columns, gradient += columns) {
    SoftmaxBackwardRow(columns, scale, Dot(columns, softmax, gradient), softmax, gradient);
  }
}

// The positions of heads in tensors of (batch, time, heads * d). A head is numbered over the batch:
// sample * count + head of the sample.
struct Heads {
  int64_t count;
  int64_t time;
  int64_t source_time;
  int64_t features;  // d

  int64_t width() const { return count * features; }
  // Returns the factor of the scores.
  float scale() const { return 1 / std::sqrt(static_cast<float>(features)); }

  float* Data(const at::Tensor& tensor, int64_t head) const {
    const int64_t sample = head / count * tensor.size(1) * width();
    return tensor.data_ptr<float>() + sample + head % count * features;
  }
  MatrixView View(const at::Tensor& tensor, int64_t head) const {
    return {Data(tensor, head), tensor.size(1), features, width()};
  }
};

template <class Run>
void ParallelForHeads(int64_t heads, const Run& run) {
  at::parallel_for(0, heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t head = begin; head < end; ++head) run(head);
  });
}

class Attention : public torch::autograd::Function<Attention> {
 public:
  // Precondition: all tensors are contiguous.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& query,
                            const at::Tensor& key, const at::Tensor& value, int64_t num_heads,
                            bool causal) {
    const Heads heads = {num_heads, query.size(1), key.size(1), query.size(2) / num_heads};
    const int64_t all = query.size(0) * num_heads;
    at::Tensor attended = at::empty_like(query);
    const at::Tensor weights = at::empty({all, heads.time, heads.source_time}, query.options());
    ParallelForHeads(all, [&](int64_t head) {
      const int64_t elements = heads.time * heads.source_time;
      float* const scores = weights.data_ptr<float>() + head * elements;
      PackedMatrix(heads.View(key, head).Transposed())
          .Multiply(heads.View(query, head), scores, heads.source_time);
      SoftmaxRows(heads.time, heads.source_time, heads.scale(), causal, scores);
      PackedMatrix(heads.View(value, head))
          .Multiply({scores, heads.time, heads.source_time, heads.source_time},
                    heads.Data(attended, head), heads.width());
    });
    context->save_for_backward({query, key, value, weights});
    context->saved_data["heads"] = num_heads;
    return attended;
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& query = saved[0];
    const at::Tensor& key = saved[1];
    const at::Tensor& value = saved[2];
    const at::Tensor& weights = saved[3];
    const at::Tensor gradient = outputs[0].contiguous();
    const int64_t num_heads = context->saved_data["heads"].toInt();
    const Heads heads = {num_heads, query.size(1), key.size(1), query.size(2) / num_heads};
    const at::Tensor query_gradient = at::empty_like(query);
    const at::Tensor key_gradient = at::empty_like(key);
    const at::Tensor value_gradient = at::empty_like(value);
    ParallelForHeads(weights.size(0), [&](int64_t head) {
      const int64_t elements = heads.time * heads.source_time;
      const MatrixView softmax = {weights.data_ptr<float>() + head * elements, heads.time,
                                  heads.source_time, heads.source_time};
      PackedMatrix(heads.View(gradient, head))
          .Multiply(softmax.Transposed(), heads.Data(value_gradient, head), heads.width());
      std::vector<float> score_gradients(static_cast<size_t>(elements));
      PackedMatrix(heads.View(value, head).Transposed())
          .Multiply(heads.View(gradient, head), score_gradients.data(), heads.source_time);
      SoftmaxBackwardRows(heads.time, heads.source_time, heads.scale(), softmax.values,
                          score_gradients.data());
      const MatrixView scores = {score_gradients.data(), heads.time, heads.source_time,
                                 heads.source_time};
      PackedMatrix(heads.View(key, head))
          .Multiply(scores, heads.Data(query_gradient, head), heads.width());
      PackedMatrix(heads.View(query, head))
          .Multiply(scores.Transposed(), heads.Data(key_gradient, head), heads.width());
    });
    return {query_gradient, key_gradient, value_gradient, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

bool CanFuseAttention(const at::Tensor& query) {
  return FusedKernelsAllowed() && query.device().is_cpu() && query.scalar_type() == at::kFloat &&
         query.numel() > 0;
}

at::Tensor FusedAttention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                          int64_t heads, bool causal) {
  return Attention::apply(query.contiguous(), key.contiguous(), value.contiguous(), heads, causal);
}

}  // namespace kur
