#include "engine/layers/layer.h"

#include <ATen/ops/lerp.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>

#include <cmath>

namespace kur {
namespace {

constexpr int64_t kImageRank = 4;  // with the batch axis

}  // namespace

at::Tensor ToKurfileLayout(const at::Tensor& tensor) {
  return tensor.dim() == kImageRank ? tensor.permute({0, 2, 3, 1}) : tensor;
}

at::Tensor FromKurfileLayout(const at::Tensor& tensor) {
  return tensor.dim() == kImageRank ? tensor.permute({0, 3, 1, 2}) : tensor;
}

at::Tensor Highway(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate) {
  return at::lerp(x, at::relu(y.to(x.scalar_type())), at::sigmoid(gate.to(x.scalar_type())));
}

void FillGlorotUniform(at::Tensor weight, int64_t fan_in, int64_t fan_out,
                       at::Generator generator) {
  const double bound = std::sqrt(6.0 / static_cast<double>(fan_in + fan_out));
  weight.uniform_(-bound, bound, std::move(generator));
}

}  // namespace kur
