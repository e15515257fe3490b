#include "engine/metrics/class_counts.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

namespace kur {

ClassPairs ToClassPairs(const MetricContext& context, const at::Tensor& prediction,
                        const std::vector<at::Tensor>& truth) {
  if (context.task == Task::kYesOrNo) {
    const double threshold = context.from_logits ? 0 : 0.5;
    return {(prediction > threshold).to(at::kLong).reshape({-1}),
            (truth[0] > 0.5).to(at::kLong).reshape({-1}), 2};
  }
  const at::Tensor number =
      context.task == Task::kClasses ? truth[0].argmax(-1) : truth[0].to(at::kLong);
  return {prediction.argmax(-1).reshape({-1}), number.reshape({-1}), prediction.size(-1)};
}

void Histogram::Add(const at::Tensor& numbers, const at::Tensor& weights, int64_t size) {
  if (!counts_.defined()) counts_ = at::zeros({0}, numbers.options());
  const int64_t more = size - counts_.size(0);
  if (more > 0) counts_ = at::cat({counts_, at::zeros({more}, numbers.options())});
  counts_.scatter_add_(0, numbers, weights);
}

std::vector<int64_t> Histogram::Counts() const {
  const at::Tensor counts = counts_.cpu();
  const auto* begin = counts.data_ptr<int64_t>();
  return {begin, begin + counts.numel()};
}

}  // namespace kur
