// Losses, their gradients and their metrics are PyTorch's.

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "engine/losses/loss.h"
#include "gtest/gtest.h"
#include "tests/engine/layers/golden_cases.h"

namespace kur {
namespace {

using nlohmann::json;
using testing::ExpectNear;
using testing::ToTensor;

std::unique_ptr<Loss> Build(const std::string& kind) {
  const auto spec = testing::ParseSpec<LossKind>(kind, "{target: y}");
  return Registry<LossBuilder>::Get().Find(kind)->build(*spec);
}

void CheckCase(const json& test, at::ScalarType type) {
  const double tolerance = testing::Tolerance(type);
  at::Tensor prediction = ToTensor(test.at("prediction"), type);
  prediction.set_requires_grad(true);
  const at::Tensor truth = ToTensor(test.at("truth"), type);
  const auto loss = Build(test.at("kind"));
  const at::Tensor value = loss->Compute(prediction, truth, test.at("from_logits"));
  EXPECT_EQ(value.dim(), 0);
  EXPECT_NEAR(value.item<double>(), test.at("loss"), tolerance);
  value.backward();
  ExpectNear(prediction.grad(), ToTensor(test.at("gradient"), type), tolerance, "gradient");

  const c10::NoGradGuard no_grad;
  MetricSums metrics;
  // A metric is exact over a set however it is cut into batches.
  loss->Measure(prediction.narrow(0, 0, 1), truth.narrow(0, 0, 1), &metrics);
  const int64_t rest = truth.size(0) - 1;
  loss->Measure(prediction.narrow(0, 1, rest), truth.narrow(0, 1, rest), &metrics);
  ASSERT_EQ(metrics.count(test.at("metric")), 1U);
  const MetricSum& metric = metrics[test.at("metric")];
  EXPECT_NEAR(metric.sum / static_cast<double>(metric.count), test.at("metric_value"), tolerance);
}

TEST(LossesTest, ComputeWhatPyTorchDoes) {
  const json cases = testing::ReadCases("loss_cases.json");
  EXPECT_EQ(cases.size(), 10U);
  for (const json& test : cases) {
    SCOPED_TRACE(test.at("name").get<std::string>());
    CheckCase(test, at::kFloat);
    CheckCase(test, at::kDouble);
  }
}

TEST(LossesTest, OnlyCrossentropyWantsLogits) {
  EXPECT_TRUE(Build("categorical_crossentropy")->PrefersLogits());
  EXPECT_FALSE(Build("mean_squared_error")->PrefersLogits());
}

TEST(LossesTest, CrossentropyStaysFiniteWhereAProbabilityIsZero) {
  const auto loss = Build("categorical_crossentropy");
  at::Tensor prediction = ToTensor({{"shape", {1, 2}}, {"data", {0, 1}}}, at::kFloat);
  prediction.set_requires_grad(true);
  const at::Tensor truth = ToTensor({{"shape", {1, 2}}, {"data", {1, 0}}}, at::kFloat);
  const at::Tensor value = loss->Compute(prediction, truth, /*from_logits=*/false);
  EXPECT_NEAR(value.item<double>(), -std::log(1e-7), 1e-3);
  value.backward();
  EXPECT_TRUE(prediction.grad().isfinite().all().item<bool>());
}

TEST(LossesTest, CrossentropyStaysFiniteForHugeLogits) {
  const auto loss = Build("categorical_crossentropy");
  const at::Tensor logits = ToTensor({{"shape", {1, 2}}, {"data", {1e6, -1e6}}}, at::kFloat);
  const at::Tensor truth = ToTensor({{"shape", {1, 2}}, {"data", {0, 1}}}, at::kFloat);
  EXPECT_NEAR(loss->Compute(logits, truth, /*from_logits=*/true).item<double>(), 2e6, 1);
}

TEST(LossesTest, TheLanguageAndTheEngineHaveTheSameLosses) {
  std::vector<std::string> names = Registry<LossBuilder>::Get().Names();
  // This version only plans with it.
  names.emplace_back("ctc");
  std::sort(names.begin(), names.end());
  EXPECT_EQ(Registry<LossKind>::Get().Names(), names);
}

}  // namespace
}  // namespace kur
