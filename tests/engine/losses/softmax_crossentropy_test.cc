// Values and gradients equal those of log_softmax() in double precision.

#include "engine/losses/softmax_crossentropy.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/nll_loss.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>

#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

at::Generator Generator(uint64_t seed) { return at::detail::createCPUGenerator(seed); }

const std::vector<std::vector<int64_t>>& Shapes() {
  static const auto* const kShapes = new std::vector<std::vector<int64_t>>{
      {1, 2}, {5, 10}, {1024, 10}, {3, 20, 64}, {2, 3, 4, 7}, {6, 16}, {3, 9000}, {40, 1}};
  return *kShapes;
}

at::Tensor Logits(const std::vector<int64_t>& shape) {
  return (at::randn(shape, Generator(1), at::kFloat) * 5).set_requires_grad(true);
}

void ExpectClose(const at::Tensor& actual, const at::Tensor& expected) {
  EXPECT_TRUE(actual.detach().to(at::kDouble).allclose(expected.detach(), 1e-5, 1e-7))
      << (actual.detach().to(at::kDouble) - expected.detach()).abs().max();
}

TEST(SoftmaxCrossentropyTest, ValueAndGradientAreThoseOfLogSoftmax) {
  for (const auto& shape : Shapes()) {
    for (const double weight : {1.0, 0.25}) {
      SCOPED_TRACE(absl::StrJoin(shape, "x"));
      const at::Tensor logits = Logits(shape);
      // Not one-hot, and not of sum 1.
      const at::Tensor truth =
          at::rand(shape, Generator(2), at::kFloat) * 2 / static_cast<double>(shape.back());
      const at::Tensor wide = logits.detach().to(at::kDouble).set_requires_grad(true);
      const auto rows = static_cast<double>(logits.numel() / logits.size(-1));
      const at::Tensor loss = SoftmaxCrossentropy(logits, truth);
      const at::Tensor expected = -(at::log_softmax(wide, -1) * truth.to(at::kDouble)).sum() / rows;
      ExpectClose(loss, expected);
      (loss * weight).backward();
      (expected * weight).backward();
      ExpectClose(logits.grad(), wide.grad());
    }
  }
}

TEST(SoftmaxCrossentropyTest, TheSparseFormTakesNumbersOfClasses) {
  for (const auto& shape : Shapes()) {
    SCOPED_TRACE(absl::StrJoin(shape, "x"));
    const at::Tensor logits = Logits(shape);
    const std::vector<int64_t> rows(shape.begin(), shape.end() - 1);
    const at::Tensor numbers = at::randint(shape.back(), rows, Generator(2), at::kFloat);
    const at::Tensor wide = logits.detach().to(at::kDouble).set_requires_grad(true);
    const at::Tensor loss = SparseSoftmaxCrossentropy(logits, numbers);
    const at::Tensor expected = at::nll_loss(at::log_softmax(wide, -1).view({-1, shape.back()}),
                                             numbers.flatten().to(at::kLong));
    ExpectClose(loss, expected);
    loss.backward();
    expected.backward();
    ExpectClose(logits.grad(), wide.grad());
  }
}

TEST(SoftmaxCrossentropyTest, LargeLogitsDoNotOverflowAndNaNsAreSeen) {
  at::Tensor logits = at::randn({4, 20}, Generator(1), at::kFloat) * 1e4;
  const at::Tensor truth = at::rand({4, 20}, Generator(2), at::kFloat);
  EXPECT_TRUE(std::isfinite(SoftmaxCrossentropy(logits, truth).item<float>()));
  for (const int64_t place : {0, 7, 19}) {
    at::Tensor broken = logits.clone();
    broken.data_ptr<float>()[20 + place] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(std::isnan(SoftmaxCrossentropy(broken, truth).item<float>())) << place;
    broken.data_ptr<float>()[20 + place] = std::numeric_limits<float>::infinity();
    EXPECT_TRUE(std::isnan(SoftmaxCrossentropy(broken, truth).item<float>())) << place;
  }
}

TEST(SoftmaxCrossentropyTest, OtherTypesAreLeftToATen) {
  const at::Tensor logits = Logits({2, 3});
  EXPECT_TRUE(CanFuseSoftmaxCrossentropy(logits, logits));
  EXPECT_FALSE(CanFuseSoftmaxCrossentropy(logits.to(at::kDouble), logits));
  EXPECT_FALSE(CanFuseSoftmaxCrossentropy(logits, logits.to(at::kDouble)));
}

TEST(SoftmaxCrossentropyTest, ATruthOfAnotherShapeIsNotRead) {
  const at::Tensor logits = Logits({2, 5, 3});
  EXPECT_FALSE(CanFuseSoftmaxCrossentropy(logits, Logits({2, 4, 3})));
  EXPECT_FALSE(CanFuseSoftmaxCrossentropy(logits, Logits({2, 6, 3})));
  EXPECT_TRUE(CanFuseSparseSoftmaxCrossentropy(logits, Logits({2, 5, 1})));
  EXPECT_FALSE(CanFuseSparseSoftmaxCrossentropy(logits, Logits({2, 4, 1})));
  EXPECT_FALSE(CanFuseSparseSoftmaxCrossentropy(logits, Logits({2, 6})));
}

}  // namespace
}  // namespace kur
