// Values, gradients and running statistics are those of ATen in double precision.

#include "engine/layers/kernels/fused_batch_norm.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

constexpr double kMomentum = 0.8;
constexpr double kEpsilon = 1e-3;

at::Generator Generator(uint64_t seed) { return at::detail::createCPUGenerator(seed); }

struct Arguments {
  at::Tensor x;
  at::Tensor weight;
  at::Tensor bias;
  at::Tensor running_mean;
  at::Tensor running_var;

  Arguments To(at::ScalarType type) const {
    Arguments copy = {x.detach().to(type, false, true), weight.detach().to(type, false, true),
                      bias.detach().to(type, false, true), running_mean.to(type, false, true),
                      running_var.to(type, false, true)};
    copy.x.set_requires_grad(true);
    copy.weight.set_requires_grad(true);
    copy.bias.set_requires_grad(true);
    return copy;
  }
};

int64_t Channels(const std::vector<int64_t>& shape) {
  return shape.size() == 4 ? shape[1] : shape.back();
}

Arguments MakeArguments(const std::vector<int64_t>& shape, double mean) {
  const int64_t channels = Channels(shape);
  Arguments arguments;
  arguments.x = at::randn(shape, Generator(1), at::kFloat) * 2 + mean;
  if (shape.size() == 4) arguments.x = arguments.x.contiguous(at::MemoryFormat::ChannelsLast);
  arguments.weight = at::rand({channels}, Generator(2), at::kFloat) + 0.5;
  arguments.bias = at::randn({channels}, Generator(3), at::kFloat);
  arguments.running_mean = at::randn({channels}, Generator(4), at::kFloat);
  arguments.running_var = at::rand({channels}, Generator(5), at::kFloat) + 0.5;
  return arguments;
}

at::Tensor Expected(const Arguments& a, bool training, bool relu) {
  const bool image = a.x.dim() == 4;
  const at::Tensor x = image ? a.x : a.x.movedim(-1, 1);
  const at::Tensor y = at::batch_norm(x, a.weight, a.bias, a.running_mean, a.running_var, training,
                                      1 - kMomentum, kEpsilon, false);
  const at::Tensor z = relu ? at::relu(y) : y;
  return image ? z : z.movedim(1, -1);
}

void ExpectClose(const at::Tensor& actual, const at::Tensor& expected, double tolerance) {
  EXPECT_EQ(actual.sizes(), expected.sizes());
  EXPECT_TRUE(actual.detach().to(at::kDouble).allclose(expected.detach(), tolerance, tolerance))
      << (actual.detach().to(at::kDouble) - expected.detach()).abs().max();
}

const std::vector<std::vector<int64_t>>& Shapes() {
  static const auto* const kShapes = new std::vector<std::vector<int64_t>>{
      {7, 3},      {64, 300},       {2, 16, 5, 5},  {4, 3, 9, 7},    {3, 32, 32, 32},
      {5, 40, 24}, {2, 3, 4, 5, 6}, {2, 257, 4, 4}, {300, 1, 20, 20}};
  return *kShapes;
}

// Compares training, forward and backward, with ATen's.
void ExpectTrainsAsATen(const Arguments& arguments, bool relu, double tolerance, double of_sums) {
  const Arguments actual = arguments.To(at::kFloat);
  const Arguments expected = arguments.To(at::kDouble);
  ASSERT_TRUE(CanFuseBatchNorm(actual.x));
  const at::Tensor y = FusedBatchNorm(actual.x, actual.weight, actual.bias, actual.running_mean,
                                      actual.running_var, {kMomentum, kEpsilon, relu});
  const at::Tensor z = Expected(expected, true, relu);
  ExpectClose(y, z, tolerance);
  EXPECT_TRUE(CanFuseBatchNorm(y));
  ExpectClose(actual.running_mean, expected.running_mean, tolerance);
  ExpectClose(actual.running_var, expected.running_var, tolerance);
  const at::Tensor gradient = at::randn(y.sizes(), Generator(6), at::kFloat);
  // Where rounding decides on which side of 0 a value is, gradients may differ.
  const at::Tensor counts = z.detach().abs().gt(1e-3).to(at::kFloat);
  y.backward(gradient * counts);
  z.backward((gradient * counts).to(at::kDouble));
  ExpectClose(actual.x.grad(), expected.x.grad(), tolerance);
  ExpectClose(actual.weight.grad(), expected.weight.grad(), of_sums);
  ExpectClose(actual.bias.grad(), expected.bias.grad(), of_sums);
}

TEST(FusedBatchNormTest, TrainsAsATenDoes) {
  for (const auto& shape : Shapes()) {
    for (const bool relu : {false, true}) {
      for (const double mean : {0.0, 30.0}) {
        SCOPED_TRACE(absl::StrCat(absl::StrJoin(shape, "x"), relu ? " relu" : "", " mean ", mean));
        ExpectTrainsAsATen(MakeArguments(shape, mean), relu, mean == 0 ? 2e-5 : 2e-4,
                           2e-4 * (mean == 0 ? 1 : 10));
      }
    }
  }
}

TEST(FusedBatchNormTest, RowsMayLieInAnyOrder) {
  for (const bool relu : {false, true}) {
    Arguments steps_first = MakeArguments({11, 6, 40}, 0);
    steps_first.x = steps_first.x.transpose(0, 1);
    ExpectTrainsAsATen(steps_first, relu, 2e-5, 2e-4);
    const Arguments copy = steps_first.To(at::kFloat);
    EXPECT_EQ(copy.x.strides(), steps_first.x.strides());
    const at::Tensor y = FusedBatchNorm(copy.x, copy.weight, copy.bias, copy.running_mean,
                                        copy.running_var, {kMomentum, kEpsilon, relu});
    EXPECT_EQ(y.strides(), copy.x.strides());
  }
}

TEST(FusedBatchNormTest, NormalizesByRunningStatisticsAsATenDoes) {
  for (const auto& shape : Shapes()) {
    SCOPED_TRACE(absl::StrJoin(shape, "x"));
    for (const bool relu : {false, true}) {
      const Arguments a = MakeArguments(shape, 1);
      const at::Tensor y = BatchNormInference(a.x, a.weight, a.bias, a.running_mean, a.running_var,
                                              {kMomentum, kEpsilon, relu});
      ExpectClose(y, Expected(a.To(at::kDouble), false, relu), 2e-5);
    }
  }
}

TEST(FusedBatchNormTest, ANaNStaysOne) {
  Arguments a = MakeArguments({40, 8}, 0);
  a.x.data_ptr<float>()[8 * 5 + 3] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor y = FusedBatchNorm(a.x, a.weight, a.bias, a.running_mean, a.running_var,
                                      {kMomentum, kEpsilon, true});
  EXPECT_TRUE(y.isnan().select(1, 3).all().item<bool>());
  EXPECT_EQ(y.isnan().sum().item<int64_t>(), 40);
}

TEST(FusedBatchNormTest, OtherLayoutsAndTypesAreLeftToATen) {
  const at::Tensor image = at::rand({2, 3, 4, 4}, Generator(1), at::kFloat);
  EXPECT_FALSE(CanFuseBatchNorm(image));
  EXPECT_TRUE(CanFuseBatchNorm(image.contiguous(at::MemoryFormat::ChannelsLast)));
  EXPECT_FALSE(CanFuseBatchNorm(image.flatten(1).t()));
  EXPECT_FALSE(CanFuseBatchNorm(image.flatten(1).slice(1, 0, 5)));
  EXPECT_FALSE(CanFuseBatchNorm(image.flatten(1).to(at::kDouble)));
}

}  // namespace
}  // namespace kur
