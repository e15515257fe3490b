#include "engine/train/kernel_check.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/rand.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "absl/time/clock.h"

namespace kur {
namespace {

using ::testing::HasSubstr;

std::string ErrorOf(const CheckedKernels& kernels) {
  return std::string(CheckKernels(kernels).message());
}

// The kernels of this process, but one element of one result of a convolution is off by one.
CheckedKernels WrongConvolution(size_t result) {
  CheckedKernels kernels = KernelsOfThisProcess();
  const auto right = kernels.convolve;
  kernels.convolve = [right, result](const at::Tensor& x, const at::Tensor& w,
                                     const at::Tensor& gradient) {
    auto [out, x_gradient, w_gradient] = right(x, w, gradient);
    const std::array<at::Tensor, 3> all = {out, x_gradient, w_gradient};
    all[result].view(-1)[-1] += 1;
    return std::make_tuple(out, x_gradient, w_gradient);
  };
  return kernels;
}

CheckedKernels WithProducts(
    std::function<at::Tensor(const at::Tensor&, const at::Tensor&)> multiply) {
  CheckedKernels kernels = KernelsOfThisProcess();
  kernels.multiply = std::move(multiply);
  return kernels;
}

TEST(KernelCheckTest, TheKernelsOfThisProcessAreRight) {
  EXPECT_TRUE(CheckKernels().ok()) << CheckKernels();
}

TEST(KernelCheckTest, LeavesThreadsAndRandomNumbersAsTheyAre) {
  const int threads = at::get_num_threads();
  at::set_num_threads(2);
  at::manual_seed(1);
  const float expected = at::rand({1}).item<float>();
  at::manual_seed(1);
  EXPECT_TRUE(CheckKernels().ok());
  EXPECT_EQ(at::rand({1}).item<float>(), expected);
  EXPECT_EQ(at::get_num_threads(), 2);
  at::set_num_threads(threads);
}

TEST(KernelCheckTest, OneWrongElementAtAnOddSizeIsFound) {
  const auto off = [](const at::Tensor& a, const at::Tensor& b) {
    at::Tensor product = a.mm(b);
    if (product.size(0) == 129) product[128][129] += 1;
    return product;
  };
  EXPECT_THAT(ErrorOf(WithProducts(off)), HasSubstr("products of 129x67 by 67x130 are wrong: "));
}

TEST(KernelCheckTest, WrongOnlyWhereAMatrixIsTransposed) {
  const auto off = [](const at::Tensor& a, const at::Tensor& b) {
    at::Tensor product = a.mm(b);
    return a.is_contiguous() && !b.is_contiguous() && a.size(0) > 1 ? product + 1 : product;
  };
  EXPECT_THAT(ErrorOf(WithProducts(off)), HasSubstr("transposed products of 3x5 by 5x7"));
}

TEST(KernelCheckTest, NoNumberIsWrong) {
  const auto nan = [](const at::Tensor& a, const at::Tensor& b) {
    return at::full_like(a.mm(b), std::numeric_limits<float>::quiet_NaN());
  };
  EXPECT_THAT(ErrorOf(WithProducts(nan)), HasSubstr("are wrong: nan where it is"));
}

TEST(KernelCheckTest, SlowerThanALoopIsFound) {
  const auto slow = [](const at::Tensor& a, const at::Tensor& b) {
    if (a.size(0) == 128) absl::SleepFor(absl::Milliseconds(50));
    return a.mm(b);
  };
  EXPECT_THAT(ErrorOf(WithProducts(slow)), HasSubstr("products are slower than plain loops"));
}

TEST(KernelCheckTest, AnExceptionIsAnError) {
  const auto throws = [](const at::Tensor&, const at::Tensor&) -> at::Tensor {
    throw std::runtime_error("could not create a primitive");
  };
  EXPECT_EQ(ErrorOf(WithProducts(throws)), "could not create a primitive");
}

TEST(KernelCheckTest, WrongConvolutionsAndGradientsAreFound) {
  EXPECT_THAT(ErrorOf(WrongConvolution(0)), HasSubstr("convolutions of 2x3x15x13 with 5x3x3x5"));
  EXPECT_THAT(ErrorOf(WrongConvolution(1)), HasSubstr("gradients of convolutions of 2x3x15x13"));
  EXPECT_THAT(ErrorOf(WrongConvolution(2)), HasSubstr("filters' gradients of convolutions"));
}

}  // namespace
}  // namespace kur
