// Normalizations and metrics keep their digits where the mean is ten thousand times the deviation,
// as it is for temperatures in kelvin or times since an epoch: moments are never differences of
// large sums. What is expected is the definition, in double precision, of the same floats.

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <c10/core/GradMode.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/kernel_choice.h"
#include "engine/layers/layer.h"
#include "engine/metrics/metric.h"
#include "gtest/gtest.h"
#include "tests/engine/testing/golden_cases.h"
#include "tests/engine/testing/memory_layouts.h"

namespace kur {
namespace {

using testing::InEveryLayout;
using testing::LaidOut;

constexpr double kMean = 100;
constexpr double kDeviation = 0.01;
constexpr double kEpsilon = 1e-12;

at::Tensor Draw(const std::vector<int64_t>& shape) {
  at::manual_seed(3);
  return (at::randn(shape, at::kDouble) * kDeviation + kMean).to(at::kFloat);
}

// Normalizes over those axes.
at::Tensor Normalized(const at::Tensor& x, const std::vector<int64_t>& axes) {
  const at::Tensor distance = x - x.mean(axes, /*keepdim=*/true);
  return distance / (distance.square().mean(axes, /*keepdim=*/true) + kEpsilon).sqrt();
}

std::unique_ptr<Layer> Build(const std::string& kind, const std::string& options,
                             const Shape& sample) {
  const auto spec =
      testing::ParseSpec<LayerKind>(kind, absl::StrCat("{", options, "epsilon: 1.0e-12}"));
  return Registry<LayerBuilder>::Get().Find(kind)->build(*spec, {sample},
                                                         at::detail::createCPUGenerator(1));
}

// Checks a layer over x, in the engine's layout, whose double-precision definition is `expected`.
void Check(const std::string& kind, const std::string& options, const at::Tensor& x,
           const std::function<at::Tensor(const at::Tensor&)>& definition) {
  SCOPED_TRACE(absl::StrCat(kind, " ", options, ToString(x.sizes().vec())));
  at::Tensor exact = x.to(at::kDouble).set_requires_grad(true);
  const at::Tensor expected = definition(exact);
  const at::Tensor cotangent = at::randn(x.sizes(), at::kFloat);
  expected.backward(cotangent.to(at::kDouble));
  for (const bool fused : {true, false}) {
    std::optional<WithoutFusedKernels> unfused;
    if (!fused) unfused.emplace();
    for (const LaidOut& laid_out : InEveryLayout(x)) {
      if (laid_out.name.find("expanded") != std::string::npos) continue;
      SCOPED_TRACE(absl::StrCat(laid_out.name, fused ? ", fused" : ""));
      at::Tensor leaf = laid_out.tensor.detach().set_requires_grad(true);
      const auto layer = Build(kind, options, ToKurfileLayout(x).sizes().slice(1).vec());
      for (Weight& weight : layer->weights()) weight.value.set_requires_grad(weight.trainable);
      const at::Tensor y = layer->Forward({leaf}, {/*training=*/true});
      EXPECT_LT((y - expected).abs().max().item<double>(), 1e-4);
      y.backward(cotangent);
      const double scale = exact.grad().abs().max().item<double>();
      EXPECT_LT((leaf.grad() - exact.grad()).abs().max().item<double>(), 1e-4 * scale);
    }
  }
}

TEST(MomentsTest, BatchNormalizationKeepsItsDigits) {
  const auto of_images = [](const at::Tensor& x) { return Normalized(x, {0, 2, 3}); };
  Check("batch_normalization", "", Draw({4, 8, 16, 17}), of_images);
  Check("batch_normalization", "", Draw({300, 35}),
        [](const at::Tensor& x) { return Normalized(x, {0}); });
  Check("batch_normalization", "axis: 0, ", Draw({6, 20, 21}), [](const at::Tensor& x) {
    return Normalized(x, {0, 2});
  });
}

TEST(MomentsTest, BatchNormalizationByRunningStatisticsKeepsItsDigits) {
  const at::Tensor x = Draw({4, 8, 16, 17});
  for (const bool fused : {true, false}) {
    std::optional<WithoutFusedKernels> unfused;
    if (!fused) unfused.emplace();
    const auto layer = Build("batch_normalization", "momentum: 0.5, ", {16, 17, 8});
    const c10::NoGradGuard no_grad;
    for (int i = 0; i < 60; ++i) layer->Forward({x}, {/*training=*/true});
    const at::Tensor mean = x.to(at::kDouble).mean({0, 2, 3});
    const at::Tensor variance = x.to(at::kDouble).var({0, 2, 3}, /*unbiased=*/true);
    EXPECT_LT((layer->weights()[2].value - mean).abs().max().item<double>(), 1e-5);
    EXPECT_LT((layer->weights()[3].value / variance - 1).abs().max().item<double>(), 1e-4);
    const at::Tensor y = layer->Forward({x}, {/*training=*/false});
    const at::Tensor running_mean = layer->weights()[2].value.to(at::kDouble).view({1, 8, 1, 1});
    const at::Tensor running_var = layer->weights()[3].value.to(at::kDouble).view({1, 8, 1, 1});
    const at::Tensor expected =
        (x.to(at::kDouble) - running_mean) / (running_var + kEpsilon).sqrt();
    EXPECT_LT((y - expected).abs().max().item<double>(), 1e-5);
  }
}

TEST(MomentsTest, LayerNormalizationKeepsItsDigits) {
  Check("layer_normalization", "", Draw({5, 20, 70}),
        [](const at::Tensor& x) { return Normalized(x, {-1}); });
  Check("layer_normalization", "", Draw({3, 34, 5, 6}),
        [](const at::Tensor& x) { return Normalized(x, {1}); });
}

TEST(MomentsTest, GroupNormalizationKeepsItsDigits) {
  const auto in_two = [](const at::Tensor& x) {
    return Normalized(x.unflatten(1, {2, x.size(1) / 2}).flatten(2), {-1}).reshape(x.sizes());
  };
  Check("group_normalization", "groups: 2, ", Draw({4, 8, 16, 17}), in_two);
  Check("group_normalization", "groups: 2, ", Draw({40, 66}), in_two);
  // (batch, time, channels).
  Check("group_normalization", "groups: 2, ", Draw({4, 20, 66}),
        [&](const at::Tensor& x) { return in_two(x.movedim(-1, 1)).movedim(1, -1); });
}

TEST(MomentsTest, R2KeepsItsDigits) {
  const at::Tensor truth = Draw({300, 2});
  const at::Tensor prediction = truth + at::randn({300, 2}) * 0.004;
  const auto spec = testing::ParseSpec<MetricKind>("r2", "{}");
  const MetricContext context = {Task::kNumbers, {2}, false, false};
  const auto metric = Registry<MetricBuilder>::Get().Find("r2")->build(*spec, context);
  for (int64_t i = 0; i < 300; i += 50) {
    metric->Add(prediction.narrow(0, i, 50), {truth.narrow(0, i, 50)});
  }
  const at::Tensor t = truth.to(at::kDouble);
  const double residual = (prediction.to(at::kDouble) - t).square().sum().item<double>();
  const double spread = (t - t.mean(0)).square().sum().item<double>();
  EXPECT_NEAR(metric->Values().at("r2"), 1 - residual / spread, 1e-9);
}

}  // namespace
}  // namespace kur
