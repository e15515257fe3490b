#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/kurfile/specs/layer_spec.h"
#include "engine/layers/layer.h"
#include "gtest/gtest.h"
#include "tests/engine/testing/golden_cases.h"

namespace kur {
namespace {

// The output for an input of twos, in the author's layout.
at::Tensor Drop(const std::string& spec, const std::vector<int64_t>& shape, bool training,
                uint64_t seed = 1) {
  const auto parsed = testing::ParseSpec<LayerKind>("dropout", spec);
  const Shape sample(shape.begin() + 1, shape.end());
  const auto layer = Registry<LayerBuilder>::Get().Find("dropout")->build(
      *parsed, {sample}, at::detail::createCPUGenerator(1));
  EXPECT_TRUE(layer->weights().empty());
  EXPECT_EQ(*parsed->OutputShape({sample}), sample);
  at::manual_seed(seed);
  return ToKurfileLayout(layer->Forward({FromKurfileLayout(at::full(shape, 2.0))}, {training}));
}

double ShareOfZeros(const at::Tensor& tensor) {
  return (tensor == 0).to(at::kDouble).mean().item<double>();
}

TEST(DropoutTest, DropsTheShareAndScalesTheOthersUp) {
  for (const double fraction : {0.25, 0.5, 0.9}) {
    const at::Tensor y = Drop(std::to_string(fraction), {100, 1000}, /*training=*/true);
    EXPECT_NEAR(ShareOfZeros(y), fraction, 0.01);
    const at::Tensor kept = y.masked_select(y != 0);
    EXPECT_NEAR(kept.min().item<double>(), 2 / (1 - fraction), 1e-4);
    EXPECT_NEAR(kept.max().item<double>(), 2 / (1 - fraction), 1e-4);
    EXPECT_NEAR(y.mean().item<double>(), 2, 0.1);
  }
}

TEST(DropoutTest, DoesNothingOutsideOfTraining) {
  EXPECT_EQ((Drop("0.5", {10, 100}, /*training=*/false) - 2).abs().max().item<double>(), 0);
  EXPECT_EQ((Drop("0", {10, 100}, /*training=*/true) - 2).abs().max().item<double>(), 0);
}

TEST(DropoutTest, IsAFunctionOfTheSeed) {
  EXPECT_TRUE(Drop("0.5", {10, 100}, true, 7).equal(Drop("0.5", {10, 100}, true, 7)));
  EXPECT_FALSE(Drop("0.5", {10, 100}, true, 7).equal(Drop("0.5", {10, 100}, true, 8)));
}

TEST(DropoutTest, DropsWholeChannelsWhenNotIndependent) {
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{20, 6, 50}, {20, 3, 4, 50}, {20, 2, 3, 2, 50}}) {
    const at::Tensor y = Drop("{fraction: 0.4, independent: no}", shape, /*training=*/true);
    EXPECT_EQ(y.sizes().vec(), shape);
    EXPECT_NEAR(ShareOfZeros(y), 0.4, 0.05);
    // All positions of a channel of a sample share one fate, and fates differ.
    const at::Tensor positions = y.flatten(1, -2);
    const at::Tensor first = positions.narrow(1, 0, 1);
    EXPECT_EQ((positions - first).abs().max().item<double>(), 0);
    EXPECT_GT(first.std(0).max().item<double>(), 0);
    EXPECT_NEAR(y.max().item<double>(), 2 / 0.6, 1e-5);
  }
}

TEST(DropoutTest, IndependentValuesOfAChannelDiffer) {
  const at::Tensor y = Drop("0.5", {2, 8, 8, 3}, /*training=*/true).flatten(1, -2);
  EXPECT_GT((y - y.narrow(1, 0, 1)).abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace kur
