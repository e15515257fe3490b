// Optimizers take the same steps as PyTorch's.

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mse_loss.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/optimizers/finite.h"
#include "engine/optimizers/optimizer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/testing/golden_cases.h"
#include "tests/engine/testing/memory_layouts.h"
#include "tests/testing/test_device.h"

namespace kur {
namespace {

using nlohmann::json;
using testing::ExpectNear;
using ::testing::HasSubstr;
using testing::ToTensor;

// The network of the reference: a convolution and a dense layer. The tensor types and the layout of
// the kernel decide which path of an optimizer is taken.
class Network {
 public:
  Network(const json& cases, at::ScalarType type, bool channels_last)
      : images_(ToTensor(cases.at("images"), type, testing::TestDevice())),
        truth_(ToTensor(cases.at("truth"), type, testing::TestDevice())) {
    for (const auto& [name, value] : cases.at("start").items()) {
      at::Tensor tensor = ToTensor(value, type, testing::TestDevice());
      if (channels_last && tensor.dim() == 4) {
        tensor = tensor.contiguous(at::MemoryFormat::ChannelsLast);
      }
      tensor.set_requires_grad(true);
      parameters_[name] = tensor;
    }
  }

  std::vector<NamedParameter> Parameters() const {
    std::vector<NamedParameter> parameters;
    for (const auto& [name, value] : parameters_) parameters.push_back({name, value});
    return parameters;
  }

  void ComputeGradients() const {
    const at::Tensor hidden = at::conv2d(images_, parameters_.at("kernel")).tanh().flatten(1);
    const at::Tensor output = at::linear(hidden, parameters_.at("weight"), parameters_.at("bias"));
    at::mse_loss(output, truth_).backward();
  }

  const at::Tensor& parameter(const std::string& name) const { return parameters_.at(name); }

 private:
  at::Tensor images_;
  at::Tensor truth_;
  std::map<std::string, at::Tensor> parameters_;
};

const json& Cases() {
  static const auto* const kCases = new json(testing::ReadCases("optimizers/optimizer_cases.json"));
  return *kCases;
}

std::unique_ptr<Optimizer> Build(const OptimizerSpec& spec, const Network& network) {
  return Registry<OptimizerBuilder>::Get().Find(spec.kind())->build(spec, network.Parameters());
}

void ExpectSameParameters(const Network& a, const Network& b) {
  for (const NamedParameter& parameter : a.Parameters()) {
    EXPECT_TRUE(parameter.value.equal(b.parameter(parameter.name))) << parameter.name;
  }
}

void CheckRun(const json& run, at::ScalarType type, bool channels_last) {
  const auto spec = testing::ParseSpec<OptimizerKind>(run.at("kind"), run.at("spec"));
  const Network network(Cases(), type, channels_last);
  const auto optimizer = Build(*spec, network);
  for (int step = 1; step <= 100; ++step) {
    network.ComputeGradients();
    optimizer->Step(spec->clip);
    const auto expected = run.at("after").find(std::to_string(step));
    if (expected == run.at("after").end()) continue;
    for (const auto& [name, value] : expected->items()) {
      // Rounding errors accumulate over the steps.
      ExpectNear(network.parameter(name), ToTensor(value, type), type == at::kDouble ? 1e-6 : 1e-4,
                 name + " after step " + std::to_string(step));
    }
  }
  EXPECT_EQ(optimizer->steps(), 100);
}

TEST(OptimizersTest, TakeTheStepsOfPyTorch) {
  EXPECT_EQ(Cases().at("runs").size(), 20U);
  for (const json& run : Cases().at("runs")) {
    SCOPED_TRACE(run.at("kind").get<std::string>() + " " + run.at("spec").get<std::string>());
    CheckRun(run, at::kFloat, /*channels_last=*/false);
    CheckRun(run, at::kFloat, /*channels_last=*/true);
    CheckRun(run, at::kDouble, /*channels_last=*/true);
  }
}

TEST(OptimizersTest, TheGoldenValuesKnowEveryKind) {
  std::set<std::string> kinds;
  for (const json& run : Cases().at("runs")) kinds.insert(run.at("kind"));
  EXPECT_EQ(std::vector<std::string>(kinds.begin(), kinds.end()),
            Registry<OptimizerKind>::Get().Names());
}

TEST(OptimizersTest, GoOnFromASavedStateAsIfNothingHadHappened) {
  for (const json& run : Cases().at("runs")) {
    SCOPED_TRACE(run.at("kind").get<std::string>() + " " + run.at("spec").get<std::string>());
    const auto spec = testing::ParseSpec<OptimizerKind>(run.at("kind"), run.at("spec"));
    const Network network(Cases(), at::kFloat, /*channels_last=*/true);
    const auto optimizer = Build(*spec, network);
    for (int step = 0; step < 7; ++step) {
      network.ComputeGradients();
      optimizer->Step(spec->clip);
    }
    std::map<std::string, at::Tensor> saved;
    // Checkpoints restore tensors in contiguous memory.
    for (const auto& [name, tensor] : optimizer->State()) saved[name] = tensor.clone().contiguous();
    const Network copy(Cases(), at::kFloat, /*channels_last=*/true);
    for (const NamedParameter& parameter : network.Parameters()) {
      copy.parameter(parameter.name).detach().copy_(parameter.value.detach());
    }
    const auto other = Build(*spec, copy);
    ASSERT_TRUE(other->Restore(saved, optimizer->steps()).ok());
    EXPECT_EQ(other->steps(), 7);
    for (int step = 0; step < 5; ++step) {
      network.ComputeGradients();
      optimizer->Step(spec->clip);
      copy.ComputeGradients();
      other->Step(spec->clip);
    }
    ExpectSameParameters(network, copy);
  }
}

TEST(OptimizersTest, RefuseAStateThatDoesNotFitAndStayAsTheyAre) {
  const auto spec = testing::ParseSpec<OptimizerKind>("adam", "{learning_rate: 0.01}");
  const Network network(Cases(), at::kFloat, /*channels_last=*/false);
  const auto optimizer = Build(*spec, network);
  network.ComputeGradients();
  optimizer->Step(spec->clip);
  std::map<std::string, at::Tensor> before;
  for (const auto& [name, tensor] : optimizer->State()) before[name] = tensor.clone();
  std::map<std::string, at::Tensor> state;
  for (const auto& [name, tensor] : before) state[name] = at::ones(tensor.sizes());

  auto lacking = state;
  lacking.erase("weight/exp_avg_sq");
  const absl::Status missing = optimizer->Restore(lacking, 50);
  EXPECT_EQ(missing.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("weight/exp_avg_sq"));
  auto reshaped = state;
  reshaped["weight/exp_avg_sq"] = at::ones({12, 2});
  EXPECT_THAT(std::string(optimizer->Restore(reshaped, 50).message()),
              HasSubstr("another shape for weight/exp_avg_sq"));
  EXPECT_EQ(optimizer->steps(), 1);
  for (const auto& [name, tensor] : optimizer->State()) {
    EXPECT_TRUE(tensor.equal(before.at(name))) << name;
  }
}

TEST(OptimizersTest, LeaveParametersWithoutAGradientAloneAndDropTheOthersGradients) {
  for (const std::string& kind : Registry<OptimizerKind>::Get().Names()) {
    SCOPED_TRACE(kind);
    const auto spec = testing::ParseSpec<OptimizerKind>(kind, "{clip: {norm: 1}}");
    at::Tensor used = at::ones({3}).set_requires_grad(true);
    at::Tensor unused = at::ones({3}).set_requires_grad(true);
    const auto optimizer = Registry<OptimizerBuilder>::Get().Find(kind)->build(
        *spec, {{"used", used}, {"unused", unused}});
    optimizer->Step(spec->clip);  // without any gradient
    EXPECT_TRUE(used.equal(at::ones({3})));
    used.sum().backward();
    optimizer->Step(spec->clip);
    EXPECT_FALSE(used.equal(at::ones({3})));
    EXPECT_TRUE(unused.equal(at::ones({3})));
    EXPECT_FALSE(used.grad().defined());
  }
}

// 1 - beta taken from a float would be wrong in its fourth digit.
TEST(OptimizersTest, AdamKeepsTheDigitsOfBetasNearOne) {
  const auto spec = testing::ParseSpec<OptimizerKind>(
      "adam", "{beta1: 0.9999, beta2: 0.99999, epsilon: 1.0e-12}");
  const auto after_steps = [&](at::ScalarType type) {
    at::Tensor value = at::ones({5}, type).set_requires_grad(true);
    const auto optimizer =
        Registry<OptimizerBuilder>::Get().Find("adam")->build(*spec, {{"value", value}});
    for (int step = 1; step <= 5; ++step) {
      (value * value * step).sum().backward();
      optimizer->Step(spec->clip);
    }
    return (value.detach().to(at::kDouble) - 1) * 1000;
  };
  const at::Tensor exact = after_steps(at::kDouble);
  EXPECT_LT((after_steps(at::kFloat) / exact - 1).abs().max().item<double>(), 1e-4);
}

TEST(OptimizersTest, SeeGradientsThatAreNotFinite) {
  const auto spec = testing::ParseSpec<OptimizerKind>("sgd", "{clip: {norm: 1}}");
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const Network network(Cases(), type, /*channels_last=*/true);
    const auto optimizer = Build(*spec, network);
    network.ComputeGradients();
    EXPECT_TRUE(optimizer->GradientsAreFinite());
    network.parameter("weight").grad()[1][2].fill_(std::numeric_limits<double>::infinity());
    EXPECT_FALSE(optimizer->GradientsAreFinite());
    const at::Tensor before = network.parameter("weight").detach().clone();
    EXPECT_FALSE(optimizer->Step(spec->clip));
    EXPECT_TRUE(network.parameter("weight").equal(before));
    EXPECT_EQ(optimizer->steps(), 0);
    EXPECT_TRUE(optimizer->Gradients().empty());
    EXPECT_FALSE(optimizer->HasGradients());
  }
}

TEST(FiniteTest, EveryElementIsSeenInEveryLayout) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const at::ScalarType type : {at::kFloat, at::kDouble, at::kBFloat16}) {
    for (const testing::LaidOut& finite :
         testing::InEveryLayout(at::full({3, 4, 5, 37}, 3e38, type))) {
      SCOPED_TRACE(finite.name);
      EXPECT_TRUE(AreFinite({finite.tensor}));
    }
    for (int64_t i = 0; i < 3 * 37; ++i) {
      for (const double bad : {kInfinity, -kInfinity, std::nan("")}) {
        at::Tensor values = at::ones({3, 37}, type);
        values[i / 37][i % 37].fill_(bad);
        for (const testing::LaidOut& laid_out : testing::InEveryLayout(values)) {
          const bool still_there = !laid_out.tensor.isfinite().all().item<bool>();
          EXPECT_EQ(AreFinite({at::ones({2}), laid_out.tensor}), !still_there)
              << laid_out.name << " " << i;
        }
      }
    }
  }
}

TEST(FiniteTest, NothingAndWholeNumbersAreFinite) {
  EXPECT_TRUE(AreFinite({}));
  EXPECT_TRUE(AreFinite({at::Tensor(), at::empty({0}), at::ones({3}, at::kLong)}));
}

// Larger than the block that one thread processes.
TEST(FiniteTest, TheLastElementOfALargeTensorIsSeen) {
  at::Tensor values = at::ones({1 << 18}, at::kFloat);
  EXPECT_TRUE(AreFinite({values}));
  values[(1 << 18) - 1].fill_(std::nan(""));
  EXPECT_FALSE(AreFinite({values}));
}

TEST(OptimizersTest, GoOnFromGradientsThatWaitForMore) {
  const auto spec = testing::ParseSpec<OptimizerKind>("adam", "{clip: {norm: 1}}");
  const Network network(Cases(), at::kFloat, /*channels_last=*/true);
  const Network copy(Cases(), at::kFloat, /*channels_last=*/true);
  const auto optimizer = Build(*spec, network);
  const auto other = Build(*spec, copy);
  network.ComputeGradients();
  std::map<std::string, at::Tensor> saved;
  for (const auto& [name, tensor] : optimizer->Gradients()) {
    saved[name] = tensor.clone(at::MemoryFormat::Contiguous);
  }
  other->SetGradients(saved);
  network.ComputeGradients();
  copy.ComputeGradients();
  optimizer->Step(spec->clip);
  other->Step(spec->clip);
  ExpectSameParameters(network, copy);
}

TEST(OptimizersTest, TheLanguageAndTheEngineHaveTheSameOptimizers) {
  EXPECT_EQ(Registry<OptimizerKind>::Get().Names(), Registry<OptimizerBuilder>::Get().Names());
}

}  // namespace
}  // namespace kur
