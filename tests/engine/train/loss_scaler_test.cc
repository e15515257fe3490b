#include "engine/train/loss_scaler.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>

#include <limits>
#include <memory>

#include "gtest/gtest.h"
#include "tests/engine/train/train_test_util.h"

namespace kur {
namespace {

class LossScalerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const Kurfile kurfile = testing::LoadText(
        "model: [{input: {shape: [3], name: x}}, {dense: 1}]\n"
        "train: {data: [{pickle: a.pkl}], optimizer: sgd}\n");
    const OptimizerSpec& spec = *kurfile.sections().train->optimizer;
    optimizer_ = Registry<OptimizerBuilder>::Get().Find("sgd")->build(spec, {{"w", weight_}});
  }

  void SetGradient(float value) { weight_.mutable_grad() = at::full({3}, value); }

  at::Tensor weight_ = at::ones({3}).set_requires_grad(true);
  std::unique_ptr<Optimizer> optimizer_;
  LossScaler scaler_{LossScaler::State()};
};

TEST_F(LossScalerTest, TakesTheScaleOutOfGradients) {
  SetGradient(65536 * 3);
  EXPECT_TRUE(scaler_.Unscale(*optimizer_));
  EXPECT_TRUE(weight_.grad().equal(at::full({3}, 3.0F)));
  EXPECT_EQ(scaler_.scale(), 65536);
}

TEST_F(LossScalerTest, FallsWhenAGradientOverflows) {
  SetGradient(std::numeric_limits<float>::infinity());
  EXPECT_FALSE(scaler_.Unscale(*optimizer_));
  EXPECT_EQ(scaler_.scale(), 32768);
  for (int i = 0; i < 100; ++i) {
    SetGradient(std::numeric_limits<float>::infinity());
    EXPECT_FALSE(scaler_.Unscale(*optimizer_));
  }
  EXPECT_GT(scaler_.scale(), 0);
}

TEST_F(LossScalerTest, RisesAfterManyGoodSteps) {
  for (int i = 0; i < 1999; ++i) {
    SetGradient(1);
    EXPECT_TRUE(scaler_.Unscale(*optimizer_));
  }
  EXPECT_EQ(scaler_.scale(), 65536);
  SetGradient(1);
  EXPECT_TRUE(scaler_.Unscale(*optimizer_));
  EXPECT_EQ(scaler_.scale(), 131072);
}

}  // namespace
}  // namespace kur
