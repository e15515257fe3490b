#include "engine/losses/softmax_crossentropy.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/base/kernel_choice.h"
#include "engine/base/vector_math.h"

namespace kur {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The number of elements of a block of rows, which stays in the cache. It does not depend on the
// number of threads, so that sums do not depend on that either.
constexpr int64_t kBlockElements = 8192;

// The truth of a block. One of both pointers is null.
struct Truth {
  const float* probabilities = nullptr;  // as many as logits
  const float* numbers = nullptr;        // one for each row
};

// Loops over one row. The compiler vectorizes them, as it trusts `__restrict` of parameters.

KUR_INLINE void Subtract(int64_t classes, const float* __restrict x, float largest,
                         float* __restrict to) {
  for (int64_t k = 0; k < classes; ++k) to[k] = x[k] - largest;
}

KUR_INLINE void ExpOf(int64_t count, float* __restrict values) {
  for (int64_t i = 0; i < count; ++i) values[i] = Exp(values[i]);
}

KUR_INLINE void WriteRowGradient(int64_t classes, float scale, float average,
                                 const float* __restrict truth, float* __restrict row) {
  for (int64_t k = 0; k < classes; ++k) row[k] = row[k] * scale - truth[k] * average;
}

KUR_INLINE void ScaleRow(int64_t classes, float scale, float* __restrict row) {
  for (int64_t k = 0; k < classes; ++k) row[k] *= scale;
}

// Sums over the classes of a row.
struct RowTruth {
  float total = 0;  // of the true probabilities t
  float dot = 0;    // of t_k (x_k - max x)
};

// Returns the sum of the losses of a block's rows. Writes the gradient of `average` times that sum
// to `gradients`, which has the shape of `logits`. `weights` has space for an element per row.
KUR_FOR_EACH_PROCESSOR double ComputeBlock(int64_t rows, int64_t classes, float average,
                                           const float* logits, const Truth& truth,
                                           float* gradients, RowTruth* weights) {
  for (int64_t r = 0; r < rows; ++r) {
    const float* const x = logits + r * classes;
    float* const row = gradients + r * classes;
    Subtract(classes, x, Largest(classes, x), row);
    if (truth.numbers != nullptr) {
      weights[r] = {1, row[static_cast<int64_t>(truth.numbers[r])]};
    } else {
      const float* const t = truth.probabilities + r * classes;
      weights[r] = {Sum(classes, t), Dot(classes, t, row)};
    }
  }
  ExpOf(rows * classes, gradients);
  double loss = 0;
  for (int64_t r = 0; r < rows; ++r) {
    float* const row = gradients + r * classes;
    const float sum = Sum(classes, row);
    loss += weights[r].total * std::log(static_cast<double>(sum)) - weights[r].dot;
    const float scale = average * weights[r].total / sum;
    if (truth.numbers != nullptr) {
      ScaleRow(classes, scale, row);
      row[static_cast<int64_t>(truth.numbers[r])] -= average;
    } else {
      WriteRowGradient(classes, scale, average, truth.probabilities + r * classes, row);
    }
  }
  return loss;
}

class Crossentropy : public torch::autograd::Function<Crossentropy> {
 public:
  // Preconditions: `logits` and `truth` are contiguous.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& logits,
                            const at::Tensor& truth, bool sparse) {
    const int64_t classes = logits.size(-1);
    const int64_t rows = logits.numel() / classes;
    const int64_t block = std::max<int64_t>(1, kBlockElements / classes);
    const int64_t blocks = (rows + block - 1) / block;
    const float average = 1 / static_cast<float>(rows);
    at::Tensor gradients = at::empty_like(logits);
    std::vector<double> losses(static_cast<size_t>(blocks));
    at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
      std::vector<RowTruth> weights(static_cast<size_t>(block));
      for (int64_t i = begin; i < end; ++i) {
        const int64_t at = i * block;
        Truth block_truth;
        if (sparse) {
          block_truth.numbers = truth.data_ptr<float>() + at;
        } else {
          block_truth.probabilities = truth.data_ptr<float>() + at * classes;
        }
        losses[static_cast<size_t>(i)] = ComputeBlock(
            std::min(block, rows - at), classes, average, logits.data_ptr<float>() + at * classes,
            block_truth, gradients.data_ptr<float>() + at * classes, weights.data());
      }
    });
    context->save_for_backward({gradients});
    double loss = 0;
    for (const double block_loss : losses) loss += block_loss;
    return at::full({}, loss / static_cast<double>(rows), at::kFloat);
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    at::Tensor gradients = context->get_saved_variables()[0];
    // A loss of weight 1 needs no further pass over memory.
    if (outputs[0].item<float>() != 1) gradients = gradients * outputs[0];
    return {gradients, at::Tensor(), at::Tensor()};
  }
};

bool AreFusibleFloats(const at::Tensor& tensor) {
  return FusedKernelsAllowed() && tensor.device().is_cpu() && tensor.scalar_type() == at::kFloat &&
         tensor.numel() > 0;
}

}  // namespace

bool CanFuseSoftmaxCrossentropy(const at::Tensor& logits, const at::Tensor& truth) {
  return AreFusibleFloats(logits) && AreFusibleFloats(truth) && truth.sizes() == logits.sizes();
}

bool CanFuseSparseSoftmaxCrossentropy(const at::Tensor& logits, const at::Tensor& numbers) {
  return AreFusibleFloats(logits) && AreFusibleFloats(numbers) &&
         numbers.numel() == logits.numel() / logits.size(-1);
}

at::Tensor SoftmaxCrossentropy(const at::Tensor& logits, const at::Tensor& truth) {
  return Crossentropy::apply(logits.contiguous(), truth.contiguous(), false);
}

at::Tensor SparseSoftmaxCrossentropy(const at::Tensor& logits, const at::Tensor& numbers) {
  return Crossentropy::apply(logits.contiguous(), numbers.contiguous(), true);
}

}  // namespace kur
