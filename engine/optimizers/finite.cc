#include "engine/optimizers/finite.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/stack.h>

#include <atomic>

#include "engine/base/vector_math.h"

namespace kur {
namespace {

// Counts the infinite and NaN values: those whose exponent bits are all ones.
KUR_FOR_EACH_PROCESSOR uint32_t CountNotFinite(int64_t count, const float* values) {
  constexpr uint32_t kExponent = 0x7f800000;
  uint32_t found = 0;
  for (int64_t i = 0; i < count; ++i) {
    found += (BitCast<uint32_t>(values[i]) & kExponent) == kExponent ? 1 : 0;
  }
  return found;
}

bool CanReadFloats(const at::Tensor& tensor) {
  return tensor.device().is_cpu() && tensor.scalar_type() == at::kFloat &&
         tensor.is_non_overlapping_and_dense();
}

bool FloatsAreFinite(const at::Tensor& tensor) {
  constexpr int64_t kGrain = int64_t{1} << 16;
  const auto* const values = tensor.data_ptr<float>();
  std::atomic<bool> finite{true};
  at::parallel_for(0, tensor.numel(), kGrain, [&](int64_t begin, int64_t end) {
    if (CountNotFinite(end - begin, values + begin) > 0) finite = false;
  });
  return finite;
}

}  // namespace

bool AreFinite(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> flags;
  for (const at::Tensor& tensor : tensors) {
    if (!tensor.defined() || !tensor.is_floating_point() || tensor.numel() == 0) continue;
    if (CanReadFloats(tensor)) {
      if (!FloatsAreFinite(tensor)) return false;
    } else {
      flags.push_back(at::isfinite(tensor.detach()).all());
    }
  }
  return flags.empty() || at::stack(flags).all().item<bool>();
}

}  // namespace kur
