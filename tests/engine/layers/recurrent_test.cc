// The fused cells compute what the operators of ATen compute in double precision, whatever the
// shapes, forwards and backwards.

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gru.h>
#include <ATen/ops/lstm.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/layers/kernels/fused_recurrent.h"
#include "engine/layers/layer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/testing/golden_cases.h"

namespace kur {
namespace {

using testing::ExpectNear;
using ::testing::HasSubstr;
using ::testing::IsNull;

struct Sizes {
  int64_t time;
  int64_t batch;
  int64_t features;
  int64_t units;
};

// One of everything, odd ones, one vector of floats and what does not fill it, several rows to a
// thread.
const Sizes kSizes[] = {{1, 1, 1, 1},   {1, 3, 5, 7},   {6, 1, 3, 16},    {5, 2, 17, 17},
                        {4, 7, 33, 15}, {2, 5, 16, 16}, {3, 40, 12, 300}, {9, 3, 1, 31}};

// What goes in, in that order: x, then the weights.
std::vector<at::Tensor> RandomInputs(CellType cell, const Sizes& sizes, uint64_t seed) {
  const int64_t gates =
      cell == CellType::kGru || (cell == CellType::kSru && sizes.features == sizes.units) ? 3 : 4;
  const int64_t rows = gates * sizes.units;
  std::vector<std::vector<int64_t>> shapes = {{sizes.time, sizes.batch, sizes.features},
                                              {rows, sizes.features}};
  if (cell == CellType::kSru) {
    shapes.push_back({2 * sizes.units});
  } else {
    shapes.insert(shapes.end(), {{rows, sizes.units}, {rows}, {rows}});
  }
  const at::Generator generator = at::detail::createCPUGenerator(seed);
  std::vector<at::Tensor> inputs;
  for (const auto& shape : shapes) {
    const double scale = shape.size() == 2 ? 1 / std::sqrt(static_cast<double>(shape[1])) : 1;
    inputs.push_back(at::empty(shape, at::kFloat).normal_(0, scale, generator));
  }
  return inputs;
}

std::vector<at::Tensor> AsLeaves(const std::vector<at::Tensor>& tensors, at::ScalarType type) {
  std::vector<at::Tensor> leaves;
  for (const at::Tensor& tensor : tensors) {
    leaves.push_back(
        tensor.to(type, /*non_blocking=*/false, /*copy=*/true).set_requires_grad(true));
  }
  return leaves;
}

CellWeights WeightsOf(CellType cell, const std::vector<at::Tensor>& inputs) {
  if (cell == CellType::kSru) return {inputs[1], {}, inputs[2], {}};
  return {inputs[1], inputs[2], inputs[3], inputs[4]};
}

// Both results and all gradients, for the same random gradient of the result.
void ExpectSame(const at::Tensor& fused, const std::vector<at::Tensor>& fused_inputs,
                const at::Tensor& expected, const std::vector<at::Tensor>& expected_inputs) {
  constexpr double kTolerance = 1e-4;
  ExpectNear(fused, expected, kTolerance, "result");
  const at::Tensor gradient =
      at::empty(expected.sizes(), at::kDouble).normal_(0, 1, at::detail::createCPUGenerator(5));
  fused.backward(gradient.to(at::kFloat));
  expected.backward(gradient);
  for (size_t i = 0; i < fused_inputs.size(); ++i) {
    ExpectNear(fused_inputs[i].grad(), expected_inputs[i].grad(), kTolerance,
               absl::StrCat("gradient ", i));
  }
}

void CheckAgainstSteps(CellType cell, const std::string& activation) {
  uint64_t seed = 0;
  for (const Sizes& sizes : kSizes) {
    for (const SequenceOptions& pass :
         {SequenceOptions{false, true}, SequenceOptions{false, false}, SequenceOptions{true, true},
          SequenceOptions{true, false}}) {
      SCOPED_TRACE(absl::StrCat("time ", sizes.time, ", batch ", sizes.batch, ", features ",
                                sizes.features, ", units ", sizes.units, ", reverse ", pass.reverse,
                                ", sequence ", pass.sequence));
      const auto inputs = RandomInputs(cell, sizes, ++seed);
      const auto fused = AsLeaves(inputs, at::kFloat);
      const auto steps = AsLeaves(inputs, at::kDouble);
      ExpectSame(
          RunFused(cell, fused[0], WeightsOf(cell, fused), FindGateActivation(activation).value(),
                   pass),
          fused,
          RunStepwise(cell, steps[0], WeightsOf(cell, steps), FindActivation(activation), pass),
          steps);
    }
  }
}

TEST(RecurrentTest, AFusedGruIsThatOfSingleSteps) {
  for (const char* activation : {"tanh", "relu", "sigmoid", "linear"}) {
    SCOPED_TRACE(activation);
    CheckAgainstSteps(CellType::kGru, activation);
  }
}

TEST(RecurrentTest, AFusedLstmIsThatOfSingleSteps) {
  for (const char* activation : {"tanh", "relu", "sigmoid", "linear"}) {
    SCOPED_TRACE(activation);
    CheckAgainstSteps(CellType::kLstm, activation);
  }
}

TEST(RecurrentTest, AFusedSruIsThatOfSingleSteps) { CheckAgainstSteps(CellType::kSru, "tanh"); }

TEST(RecurrentTest, FusedCellsAreThoseOfPyTorch) {
  for (const Sizes& sizes : kSizes) {
    for (const CellType cell : {CellType::kGru, CellType::kLstm}) {
      SCOPED_TRACE(absl::StrCat("units ", sizes.units, ", cell ", static_cast<int>(cell)));
      const auto inputs = RandomInputs(cell, sizes, 7);
      const auto fused = AsLeaves(inputs, at::kFloat);
      const auto whole = AsLeaves(inputs, at::kDouble);
      const at::Tensor zero = at::zeros({1, sizes.batch, sizes.units}, at::kDouble);
      const std::vector<at::Tensor> weights(whole.begin() + 1, whole.end());
      const at::Tensor expected =
          cell == CellType::kGru
              ? std::get<0>(at::gru(whole[0], zero, weights, true, 1, 0, true, false, false))
              : std::get<0>(
                    at::lstm(whole[0], {zero, zero}, weights, true, 1, 0, true, false, false));
      ExpectSame(RunFused(cell, fused[0], WeightsOf(cell, fused), GateActivation::kTanh, {}), fused,
                 expected, whole);
    }
  }
}

TEST(RecurrentTest, TheInputOfAFusedCellMayHaveAnyLayout) {
  for (const CellType cell : {CellType::kGru, CellType::kLstm, CellType::kSru}) {
    const auto inputs = RandomInputs(cell, {4, 3, 5, 6}, 1);
    auto strided = inputs;
    strided[0] = inputs[0].transpose(0, 2).contiguous().transpose(0, 2);
    ASSERT_FALSE(strided[0].is_contiguous());
    EXPECT_TRUE(
        RunFused(cell, strided[0], WeightsOf(cell, strided), GateActivation::kTanh, {})
            .equal(RunFused(cell, inputs[0], WeightsOf(cell, inputs), GateActivation::kTanh, {})));
  }
}

// What a gru without weights makes of one number: (1 - s(b)) a(b), where b is the bias of all
// gates.
float GruOfBias(GateActivation activation, float bias) {
  const CellWeights weights = {at::zeros({3, 1}), at::zeros({3, 1}), at::zeros({3}).fill_(bias),
                               at::zeros({3})};
  return RunFusedGru(at::zeros({1, 1, 1}), weights, activation, {}).item<float>();
}

TEST(RecurrentTest, TheFunctionsOfTheGatesAreExactToFloatPrecision) {
  for (double x = -30; x <= 30; x += 0.037) {
    const double kept = 1 / (1 + std::exp(-x));
    for (const auto& [activation, value] :
         {std::pair{GateActivation::kTanh, std::tanh(x)}, {GateActivation::kSigmoid, kept}}) {
      const double expected = (1 - kept) * value;
      EXPECT_NEAR(GruOfBias(activation, static_cast<float>(x)), expected, 2e-7) << x;
    }
  }
  for (const double x : {1e-12, -1e-6, 1e-3, -0.1, 0.3}) {
    const double expected = std::tanh(x) / (1 + std::exp(x));
    EXPECT_NEAR(GruOfBias(GateActivation::kTanh, static_cast<float>(x)) / expected, 1, 1e-6) << x;
  }
}

TEST(RecurrentTest, HugeValuesSaturateAndNaNsComeThrough) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float x : {100.0f, 1e30f, kInfinity}) {
    EXPECT_NEAR(GruOfBias(GateActivation::kTanh, x), 0, 1e-30);
    EXPECT_EQ(GruOfBias(GateActivation::kTanh, -x), -1);
  }
  for (const auto activation : {GateActivation::kTanh, GateActivation::kRelu,
                                GateActivation::kSigmoid, GateActivation::kLinear}) {
    EXPECT_TRUE(std::isnan(GruOfBias(activation, std::numeric_limits<float>::quiet_NaN())));
  }
}

TEST(RecurrentTest, AnSruHasNoOuterActivation) {
  Diagnostics diagnostics;
  EXPECT_THAT(Registry<LayerKind>::Get()
                  .Find("recurrent")
                  ->parse(testing::Yaml("{size: 2, type: sru, outer_activation: relu}"),
                          "recurrent", &diagnostics),
              IsNull());
  EXPECT_THAT(diagnostics.ToStatus().ToString(), HasSubstr("an sru has no such function"));
}

TEST(RecurrentTest, AnUnknownOuterActivationIsRefused) {
  Diagnostics diagnostics;
  EXPECT_THAT(
      Registry<LayerKind>::Get()
          .Find("recurrent")
          ->parse(testing::Yaml("{size: 2, outer_activation: tangh}"), "recurrent", &diagnostics),
      IsNull());
  EXPECT_THAT(diagnostics.ToStatus().ToString(), HasSubstr("one of: relu, softmax, tanh"));
}

}  // namespace
}  // namespace kur
