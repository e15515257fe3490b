// The pool over images equals ATen's, element for element, forward and backward.

#include "engine/layers/kernels/max_pool.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/randint.h>

#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

// Returns small integers in channels-last memory, so that windows often have several maxima.
at::Tensor Image(const std::vector<int64_t>& shape, uint64_t seed) {
  return at::randint(0, 5, shape, at::detail::createCPUGenerator(seed), at::kFloat)
      .contiguous(at::MemoryFormat::ChannelsLast);
}

void ExpectThatOfATen(const at::Tensor& image, const PoolWindows& windows) {
  ASSERT_TRUE(CanPoolImages(image, windows));
  const at::Tensor x = image.detach().clone().set_requires_grad(true);
  const at::Tensor expected_x = image.detach().clone().set_requires_grad(true);
  const at::Tensor y = MaxPoolImages(x, windows);
  const at::Tensor expected = at::max_pool2d(expected_x, {windows.height, windows.width},
                                             {windows.stride_height, windows.stride_width});
  ASSERT_EQ(y.sizes(), expected.sizes());
  EXPECT_TRUE(y.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(y.nan_to_num(-1).equal(expected.nan_to_num(-1)));
  const at::Tensor gradient = Image(expected.sizes().vec(), 9).add(1).contiguous();
  y.backward(gradient);
  expected.backward(gradient);
  EXPECT_TRUE(x.grad().equal(expected_x.grad()));
}

TEST(MaxPoolTest, WindowsThatDoNotOverlapGiveWhatATenGives) {
  const PoolWindows kWindows[] = {{2, 2, 2, 2}, {1, 1, 1, 1}, {3, 2, 3, 2},
                                  {2, 3, 4, 3}, {1, 2, 2, 3}, {4, 5, 4, 5}};
  const std::vector<int64_t> kShapes[] = {
      {1, 1, 4, 5}, {2, 16, 8, 8}, {3, 17, 7, 9}, {2, 33, 12, 10}, {1, 64, 5, 6}};
  uint64_t seed = 0;
  for (const PoolWindows& windows : kWindows) {
    for (const auto& shape : kShapes) {
      SCOPED_TRACE(absl::StrCat("window ", windows.height, "x", windows.width, ", channels ",
                                shape[1], ", height ", shape[2]));
      ExpectThatOfATen(Image(shape, ++seed), windows);
    }
  }
}

TEST(MaxPoolTest, NaNsAndInfinitiesAreWhatTheyAreInATen) {
  const at::Tensor image = Image({2, 19, 6, 6}, 1);
  float* const data = image.data_ptr<float>();
  for (int64_t i = 0; i < image.numel(); i += 7) data[i] = -std::numeric_limits<float>::infinity();
  for (int64_t i = 0; i < image.numel(); i += 31) data[i] = std::numeric_limits<float>::quiet_NaN();
  ExpectThatOfATen(image, {2, 2, 2, 2});
}

TEST(MaxPoolTest, OverlapsOtherLayoutsAndOtherTypesAreLeftToATen) {
  const at::Tensor image = Image({2, 3, 8, 8}, 1);
  EXPECT_TRUE(CanPoolImages(image, {2, 2, 2, 2}));
  EXPECT_FALSE(CanPoolImages(image, {3, 3, 2, 2}));
  EXPECT_FALSE(CanPoolImages(image, {2, 2, 2, 1}));
  EXPECT_FALSE(CanPoolImages(image, {17, 17, 17, 17}));
  EXPECT_FALSE(CanPoolImages(image.contiguous(), {2, 2, 2, 2}));
  EXPECT_FALSE(CanPoolImages(image.to(at::kDouble), {2, 2, 2, 2}));
}

}  // namespace
}  // namespace kur
