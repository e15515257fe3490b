#ifndef KUR_ENGINE_TRAIN_KERNEL_CHECK_H_
#define KUR_ENGINE_TRAIN_KERNEL_CHECK_H_

#include <ATen/core/Tensor.h>

#include <functional>
#include <tuple>

#include "absl/status/status.h"

namespace kur {

// What is checked. Of float32 on the processor, in one thread.
struct CheckedKernels {
  // Returns the product of (rows, inner) and (inner, columns).
  std::function<at::Tensor(const at::Tensor& a, const at::Tensor& b)> multiply;
  // Returns the convolution of x (batch, in, height, width) with w (out, in, height, width), stride
  // 2, one row and column of zeros around x, and then the gradients of x and w for that of the
  // result, which is `gradient`.
  std::function<std::tuple<at::Tensor, at::Tensor, at::Tensor>(
      const at::Tensor& x, const at::Tensor& w, const at::Tensor& gradient)>
      convolve;
};

// The kernels that this process trains with.
CheckedKernels KernelsOfThisProcess();

// Compares products and convolutions of odd sizes with plain loops, and their speed too: some
// builds of OpenBLAS compute wrong on processors that they do not know. Takes about 20 ms, starts
// no thread and draws no random number. Returns INTERNAL with what is wrong.
absl::Status CheckKernels(const CheckedKernels& kernels = KernelsOfThisProcess());

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_KERNEL_CHECK_H_
