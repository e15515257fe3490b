#include "engine/train/kernel_check.h"

#include <ATen/Parallel.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/train/stopwatch.h"
#include "engine/train/torch_error.h"

namespace kur {
namespace {

// Sizes on both sides of those of registers and of blocks in a cache, none a multiple of them.
constexpr std::array<std::array<int64_t, 3>, 7> kProducts = {
    {{1, 1, 1}, {3, 5, 7}, {1, 129, 33}, {17, 31, 13}, {65, 1, 9}, {33, 257, 65}, {129, 67, 130}}};

// (batch, in, height, width) and (out, in, height, width).
constexpr std::array<std::array<std::array<int64_t, 4>, 2>, 2> kConvolutions = {
    {{{{2, 3, 15, 13}, {5, 3, 3, 5}}}, {{{3, 17, 9, 7}, {19, 17, 3, 3}}}}};
constexpr int64_t kStride = 2;
constexpr int64_t kPadding = 1;

// Sums of products of small whole numbers are exact in float32 in any order. A kernel may transform
// its input first, as Winograd's does, hence a tolerance.
constexpr double kTolerance = 1e-2;

class OneThread {
 public:
  OneThread() : threads_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(threads_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  const int threads_;
};

// Returns whole numbers from -4 to 4 that follow no simple pattern.
at::Tensor Numbers(at::IntArrayRef shape, uint32_t seed) {
  at::Tensor numbers = at::empty(shape, at::kFloat);
  float* values = numbers.data_ptr<float>();
  for (int64_t i = 0; i < numbers.numel(); ++i) {
    seed = seed * 1664525 + 1013904223;
    values[i] = static_cast<float>(static_cast<int>((seed >> 16) % 9) - 4);
  }
  return numbers;
}

// Returns the seconds that the fastest of three calls took, so that one that had to wait for a
// processor does not count.
template <class Function>
double FastestSeconds(const Function& function) {
  double fastest = 0;
  for (int i = 0; i < 3; ++i) {
    const double start = MonotonicSeconds();
    function();
    const double seconds = MonotonicSeconds() - start;
    fastest = i == 0 ? seconds : std::min(fastest, seconds);
  }
  return fastest;
}

at::Tensor PlainProduct(const at::Tensor& a, const at::Tensor& b) {
  const int64_t rows = a.size(0);
  const int64_t inner = a.size(1);
  const int64_t columns = b.size(1);
  at::Tensor product = at::zeros({rows, columns}, at::kFloat);
  const float* x = a.data_ptr<float>();
  const float* y = b.data_ptr<float>();
  float* out = product.data_ptr<float>();
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t k = 0; k < inner; ++k) {
      for (int64_t j = 0; j < columns; ++j) {
        out[i * columns + j] += x[i * inner + k] * y[k * columns + j];
      }
    }
  }
  return product;
}

// Every product of an element of x and one of w is in one of the results; so are those with the
// gradient of the result.
std::tuple<at::Tensor, at::Tensor, at::Tensor> PlainConvolution(const at::Tensor& x,
                                                                const at::Tensor& w,
                                                                const at::Tensor& gradient) {
  at::Tensor out = at::zeros_like(gradient);
  at::Tensor x_gradient = at::zeros_like(x);
  at::Tensor w_gradient = at::zeros_like(w);
  const auto xs = x.accessor<float, 4>();
  const auto ws = w.accessor<float, 4>();
  const auto gradients = gradient.accessor<float, 4>();
  auto outs = out.accessor<float, 4>();
  auto x_gradients = x_gradient.accessor<float, 4>();
  auto w_gradients = w_gradient.accessor<float, 4>();
  for (int64_t n = 0; n < out.size(0); ++n) {
    for (int64_t o = 0; o < out.size(1); ++o) {
      for (int64_t i = 0; i < x.size(1); ++i) {
        for (int64_t row = 0; row < out.size(2); ++row) {
          for (int64_t column = 0; column < out.size(3); ++column) {
            for (int64_t p = 0; p < w.size(2); ++p) {
              const int64_t y = row * kStride + p - kPadding;
              if (y < 0 || y >= x.size(2)) continue;
              for (int64_t q = 0; q < w.size(3); ++q) {
                const int64_t z = column * kStride + q - kPadding;
                if (z < 0 || z >= x.size(3)) continue;
                outs[n][o][row][column] += xs[n][i][y][z] * ws[o][i][p][q];
                x_gradients[n][i][y][z] += gradients[n][o][row][column] * ws[o][i][p][q];
                w_gradients[o][i][p][q] += gradients[n][o][row][column] * xs[n][i][y][z];
              }
            }
          }
        }
      }
    }
  }
  return {out, x_gradient, w_gradient};
}

absl::Status Compare(const at::Tensor& computed, const at::Tensor& expected,
                     const std::string& what) {
  if (computed.sizes() != expected.sizes()) {
    return absl::InternalError(absl::StrCat(what, " have a wrong shape"));
  }
  const at::Tensor values = computed.contiguous();
  const float* left = values.data_ptr<float>();
  const float* right = expected.data_ptr<float>();
  for (int64_t i = 0; i < expected.numel(); ++i) {
    // Written so that NaN is a difference.
    if (!(std::abs(left[i] - right[i]) <= kTolerance)) {
      return absl::InternalError(
          absl::StrCat(what, " are wrong: ", left[i], " where it is ", right[i]));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckProducts(const CheckedKernels& kernels) {
  for (const auto& [rows, inner, columns] : kProducts) {
    const at::Tensor a = Numbers({rows, inner}, 1);
    const at::Tensor b = Numbers({inner, columns}, 2);
    const at::Tensor expected = PlainProduct(a, b);
    const at::Tensor a_turned = a.t().contiguous().t();
    const at::Tensor b_turned = b.t().contiguous().t();
    const std::string sizes = absl::StrCat(rows, "x", inner, " by ", inner, "x", columns);
    KUR_RETURN_IF_ERROR(
        Compare(kernels.multiply(a, b), expected, absl::StrCat("products of ", sizes)));
    for (const auto& [left, right] :
         {std::pair(a_turned, b), std::pair(a, b_turned), std::pair(a_turned, b_turned)}) {
      KUR_RETURN_IF_ERROR(Compare(kernels.multiply(left, right), expected,
                                  absl::StrCat("transposed products of ", sizes)));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckConvolutions(const CheckedKernels& kernels) {
  for (const auto& [shape, filter] : kConvolutions) {
    const at::Tensor x = Numbers(shape, 3);
    const at::Tensor w = Numbers(filter, 4);
    const auto out = [&, &size = shape, &kernel = filter](size_t axis) {
      return (size[axis] + 2 * kPadding - kernel[axis]) / kStride + 1;
    };
    const at::Tensor gradient = Numbers({shape[0], filter[0], out(2), out(3)}, 5);
    const auto computed = kernels.convolve(x, w, gradient);
    const auto expected = PlainConvolution(x, w, gradient);
    const std::string sizes =
        absl::StrCat(absl::StrJoin(shape, "x"), " with ", absl::StrJoin(filter, "x"));
    KUR_RETURN_IF_ERROR(Compare(std::get<0>(computed), std::get<0>(expected),
                                absl::StrCat("convolutions of ", sizes)));
    KUR_RETURN_IF_ERROR(Compare(std::get<1>(computed), std::get<1>(expected),
                                absl::StrCat("gradients of convolutions of ", sizes)));
    KUR_RETURN_IF_ERROR(Compare(std::get<2>(computed), std::get<2>(expected),
                                absl::StrCat("filters' gradients of convolutions of ", sizes)));
  }
  return absl::OkStatus();
}

// A good kernel is ten times as fast as the loop, or more.
absl::Status CheckSpeed(const CheckedKernels& kernels) {
  const at::Tensor a = Numbers({128, 128}, 6);
  const at::Tensor b = Numbers({128, 128}, 7);
  const double plain = FastestSeconds([&] { PlainProduct(a, b); });
  const double library = FastestSeconds([&] { kernels.multiply(a, b); });
  if (library <= plain) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("products are slower than plain loops: ", library * 1e3,
                                          " ms instead of ", plain * 1e3,
                                          " for 128x128 by 128x128"));
}

}  // namespace

CheckedKernels KernelsOfThisProcess() {
  return {[](const at::Tensor& a, const at::Tensor& b) { return at::mm(a, b); },
          [](const at::Tensor& x, const at::Tensor& w, const at::Tensor& gradient) {
            const std::array<int64_t, 2> stride = {kStride, kStride};
            const std::array<int64_t, 2> padding = {kPadding, kPadding};
            const std::array<int64_t, 2> dilation = {1, 1};
            const std::array<int64_t, 2> none = {0, 0};
            at::Tensor out = at::conv2d(x, w, {}, stride, padding, dilation, /*groups=*/1);
            auto gradients = at::convolution_backward(gradient, x, w, at::nullopt, stride, padding,
                                                      dilation, /*transposed=*/false, none,
                                                      /*groups=*/1, {true, true, false});
            return std::make_tuple(out, std::get<0>(gradients), std::get<1>(gradients));
          }};
}

absl::Status CheckKernels(const CheckedKernels& kernels) {
  const OneThread one_thread;
  try {
    KUR_RETURN_IF_ERROR(CheckProducts(kernels));
    KUR_RETURN_IF_ERROR(CheckConvolutions(kernels));
    return CheckSpeed(kernels);
  } catch (const std::exception& error) {
    return absl::InternalError(FirstLine(error.what()));
  }
}

}  // namespace kur
