#include "tests/engine/testing/memory_layouts.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <limits>

namespace kur::testing {
namespace {

at::Tensor NotANumber(const std::vector<int64_t>& shape, const at::Tensor& like) {
  return at::full(shape, std::numeric_limits<double>::quiet_NaN(), like.options());
}

at::Tensor Reversed(const at::Tensor& tensor) {
  std::vector<int64_t> axes;
  for (int64_t axis = tensor.dim(); axis-- > 0;) axes.push_back(axis);
  return tensor.permute(axes).contiguous().permute(axes);
}

at::Tensor WithGaps(const at::Tensor& tensor) {
  std::vector<int64_t> shape = tensor.sizes().vec();
  for (int64_t& extent : shape) extent *= 2;
  at::Tensor gaps = NotANumber(shape, tensor);
  for (int64_t axis = 0; axis < tensor.dim(); ++axis) gaps = gaps.slice(axis, 1, {}, 2);
  return gaps.copy_(tensor);
}

at::Tensor WithPaddedRows(const at::Tensor& tensor) {
  std::vector<int64_t> shape = tensor.sizes().vec();
  shape.back() += 3;
  return NotANumber(shape, tensor).narrow(-1, 1, tensor.size(-1)).copy_(tensor);
}

}  // namespace

std::vector<LaidOut> InEveryLayout(const at::Tensor& tensor) {
  std::vector<LaidOut> layouts = {{"contiguous", tensor.contiguous()}};
  if (tensor.dim() == 0 || tensor.numel() == 0) return layouts;
  layouts.push_back({"transposed", Reversed(tensor)});
  if (tensor.dim() == 4) {
    layouts.push_back({"channels last", tensor.contiguous(at::MemoryFormat::ChannelsLast)});
  } else if (tensor.dim() == 5) {
    layouts.push_back({"channels last", tensor.contiguous(at::MemoryFormat::ChannelsLast3d)});
  }
  layouts.push_back({"with gaps", WithGaps(tensor)});
  layouts.push_back({"with padded rows", WithPaddedRows(tensor)});
  layouts.push_back({"one sample expanded", tensor.narrow(0, 0, 1).expand_as(tensor)});
  layouts.push_back({"one feature expanded", tensor.narrow(-1, 0, 1).expand_as(tensor)});
  return layouts;
}

}  // namespace kur::testing
