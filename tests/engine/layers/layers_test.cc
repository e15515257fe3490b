// Every layer computes the same as PyTorch, forward and backward, in both precisions.

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "engine/kurfile/specs/layer_spec.h"
#include "engine/layers/layer.h"
#include "gtest/gtest.h"
#include "tests/engine/testing/golden_cases.h"
#include "tests/testing/test_device.h"

namespace kur {
namespace {

using nlohmann::json;
using testing::ExpectNear;
using testing::ToTensor;

std::unique_ptr<Layer> BuildFor(const LayerSpec& spec, const std::vector<Shape>& inputs,
                                uint64_t seed) {
  return Registry<LayerBuilder>::Get()
      .Find(spec.kind())
      ->build(spec, inputs, at::detail::createCPUGenerator(seed));
}

std::unique_ptr<Layer> Build(const LayerSpec& spec, const Shape& input, uint64_t seed = 1) {
  return BuildFor(spec, {input}, seed);
}

// Checks that the weights of the plan are those of the built layer.
void ExpectSameWeights(const std::vector<WeightInfo>& planned, const std::vector<Weight>& built) {
  ASSERT_EQ(planned.size(), built.size());
  for (size_t i = 0; i < planned.size(); ++i) {
    EXPECT_EQ(planned[i].name, built[i].name);
    EXPECT_EQ(planned[i].shape, built[i].value.sizes().vec()) << planned[i].name;
    EXPECT_EQ(planned[i].trainable, built[i].trainable) << planned[i].name;
  }
}

void SetWeights(const json& values, at::ScalarType type, at::Device device, Layer* layer) {
  const c10::NoGradGuard no_grad;
  ASSERT_EQ(values.size(), layer->weights().size());
  for (Weight& weight : layer->weights()) {
    weight.value = weight.value.to(device, type);
    weight.value.copy_(ToTensor(values.at(weight.name), type));
    weight.value.set_requires_grad(weight.trainable);
  }
}

void CheckCase(const json& test, at::ScalarType type) {
  const at::Device device = testing::TestDevice();
  const double tolerance = testing::Tolerance(type);
  std::vector<at::Tensor> inputs;
  std::vector<at::Tensor> arguments;
  std::vector<Shape> samples;
  const json& gradients = test.at("input_gradients");
  for (const json& packed : test.at("inputs")) {
    at::Tensor input = ToTensor(packed, type, device);
    input.set_requires_grad(!gradients[inputs.size()].is_null());
    samples.push_back(input.sizes().slice(1).vec());
    arguments.push_back(FromKurfileLayout(input));
    inputs.push_back(input);
  }
  const auto spec = testing::ParseSpec<LayerKind>(test.at("kind"), test.at("spec"));
  const auto planned = spec->OutputShape(samples);
  ASSERT_TRUE(planned.ok()) << planned.status();
  const auto layer = BuildFor(*spec, samples, 1);
  ExpectSameWeights(spec->Weights(samples), layer->weights());
  SetWeights(test.at("weights"), type, device, layer.get());

  const at::Tensor output =
      ToKurfileLayout(layer->Forward(arguments, {test.at("training").get<bool>()}));
  ExpectNear(output, ToTensor(test.at("output"), type), tolerance, "output");
  EXPECT_EQ(*planned, output.sizes().slice(1).vec());

  output.backward(ToTensor(test.at("cotangent"), type, device));
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (gradients[i].is_null()) continue;
    ExpectNear(inputs[i].grad(), ToTensor(gradients[i], type), tolerance, "input gradient");
  }
  for (const Weight& weight : layer->weights()) {
    if (weight.trainable) {
      ExpectNear(weight.value.grad(), ToTensor(test.at("weight_gradients").at(weight.name), type),
                 tolerance, "gradient of " + weight.name);
    } else {
      ExpectNear(weight.value, ToTensor(test.at("weights_after").at(weight.name), type), tolerance,
                 weight.name);
    }
  }
}

// Checks the cases of one kind; there must be at least `least`.
void CheckKind(const std::string& kind, int least) {
  static const auto* const kCases = new json(testing::ReadCases("layers/layer_cases.json"));
  int checked = 0;
  for (const json& test : *kCases) {
    if (test.at("kind") != kind) continue;
    ++checked;
    SCOPED_TRACE(test.at("name").get<std::string>());
    CheckCase(test, at::kFloat);
    CheckCase(test, at::kDouble);
  }
  EXPECT_GE(checked, least);
}

TEST(LayersTest, DenseComputesWhatPyTorchDoes) { CheckKind("dense", 11); }
TEST(LayersTest, ConvolutionComputesWhatPyTorchDoes) { CheckKind("convolution", 71); }
TEST(LayersTest, PoolComputesWhatPyTorchDoes) { CheckKind("pool", 94); }
TEST(LayersTest, FlattenComputesWhatPyTorchDoes) { CheckKind("flatten", 4); }
TEST(LayersTest, BatchNormalizationComputesWhatPyTorchDoes) {
  CheckKind("batch_normalization", 16);
}
TEST(LayersTest, ActivationComputesWhatPyTorchDoes) { CheckKind("activation", 23); }
TEST(LayersTest, ExpandComputesWhatPyTorchDoes) { CheckKind("expand", 5); }
TEST(LayersTest, SqueezeComputesWhatPyTorchDoes) { CheckKind("squeeze", 4); }
TEST(LayersTest, TransposeComputesWhatPyTorchDoes) { CheckKind("transpose", 5); }
TEST(LayersTest, RepeatComputesWhatPyTorchDoes) { CheckKind("repeat", 1); }
TEST(LayersTest, ReshapeComputesWhatPyTorchDoes) { CheckKind("reshape", 6); }
TEST(LayersTest, OutputComputesWhatPyTorchDoes) { CheckKind("output", 1); }
TEST(LayersTest, MergeComputesWhatPyTorchDoes) { CheckKind("merge", 15); }
TEST(LayersTest, EmbeddingComputesWhatPyTorchDoes) { CheckKind("embedding", 1); }
TEST(LayersTest, RecurrentComputesWhatPyTorchDoes) { CheckKind("recurrent", 44); }

TEST(LayersTest, LayerNormalizationComputesWhatPyTorchDoes) { CheckKind("layer_normalization", 8); }
TEST(LayersTest, GroupNormalizationComputesWhatPyTorchDoes) {
  CheckKind("group_normalization", 11);
}
TEST(LayersTest, AttentionComputesWhatPyTorchDoes) { CheckKind("attention", 6); }
TEST(LayersTest, PositionalEncodingComputesTheFormula) { CheckKind("positional_encoding", 3); }
TEST(LayersTest, UpsampleComputesWhatPyTorchDoes) { CheckKind("upsample", 6); }
TEST(LayersTest, TransposedConvolutionComputesWhatPyTorchDoes) {
  CheckKind("transposed_convolution", 32);
}

TEST(LayersTest, TheLanguageAndTheEngineHaveTheSameLayers) {
  std::vector<std::string> names = Registry<LayerBuilder>::Get().Names();
  // `placeholder` is another name of `input`; `reuse` is replaced while a model is expanded.
  names.insert(names.end(), {"placeholder", "reuse"});
  std::sort(names.begin(), names.end());
  EXPECT_EQ(Registry<LayerKind>::Get().Names(), names);
}

TEST(LayersTest, RecurrentWeightsAreOrthogonalAndTheForgetGateStartsOpen) {
  const auto spec = testing::ParseSpec<LayerKind>("recurrent", "{size: 8, type: lstm}");
  const auto layer = Build(*spec, {5, 3});
  for (int64_t gate = 0; gate < 4; ++gate) {
    const at::Tensor matrix = layer->weights()[1].value.narrow(0, gate * 8, 8);
    const at::Tensor product = matrix.matmul(matrix.t());
    for (int64_t i = 0; i < 8; ++i) {
      for (int64_t j = 0; j < 8; ++j) {
        EXPECT_NEAR(product[i][j].item<double>(), i == j ? 1 : 0, 1e-5);
      }
    }
    const at::Tensor bias = layer->weights()[2].value.narrow(0, gate * 8, 8);
    EXPECT_EQ(bias.sum().item<double>(), gate == 1 ? 8 : 0);
  }
  EXPECT_EQ(layer->weights()[3].value.abs().sum().item<double>(), 0);
}

TEST(LayersTest, FreshWeightsAreUniformAfterGlorotWithBiasesOfZero) {
  const struct {
    const char* kind;
    const char* spec;
    Shape input;
    double fans;  // in and out
  } kTests[] = {
      {"dense", "{size: 300}", {200}, 500},
      {"convolution", "{kernels: 64, size: [3, 3]}", {8, 8, 32}, 9 * (64 + 32)},
      {"convolution", "{kernels: 96, size: 5}", {8, 32}, 5 * (96 + 32)},
  };
  for (const auto& test : kTests) {
    SCOPED_TRACE(test.spec);
    const auto layer = Build(*testing::ParseSpec<LayerKind>(test.kind, test.spec), test.input);
    const at::Tensor& weight = layer->weights()[0].value;
    const double bound = std::sqrt(6 / test.fans);
    const double largest = weight.abs().max().item<double>();
    EXPECT_LE(largest, bound);
    EXPECT_GT(largest, 0.99 * bound);
    EXPECT_NEAR(weight.mean().item<double>(), 0, 0.02 * bound);
    EXPECT_NEAR(weight.std().item<double>(), bound / std::sqrt(3), 0.02 * bound);
    EXPECT_EQ(layer->weights()[1].value.abs().max().item<double>(), 0);
  }
}

TEST(LayersTest, FreshWeightsAreAFunctionOfTheGenerator) {
  const auto spec = testing::ParseSpec<LayerKind>("dense", "[8, 8]");
  const auto a = Build(*spec, {4}, 1);
  const auto same = Build(*spec, {4}, 1);
  const auto other = Build(*spec, {4}, 2);
  EXPECT_TRUE(a->weights()[2].value.equal(same->weights()[2].value));
  EXPECT_FALSE(a->weights()[2].value.equal(other->weights()[2].value));
  EXPECT_FALSE(a->weights()[0].value.narrow(1, 0, 4).equal(a->weights()[2].value.narrow(1, 0, 4)));
}

TEST(LayersTest, ImagesStayInChannelsLastMemory) {
  const auto spec = testing::ParseSpec<LayerKind>("convolution", "{kernels: 4, size: [3, 3]}");
  const auto layer = Build(*spec, {6, 5, 3});
  EXPECT_TRUE(layer->weights()[0].value.is_contiguous(at::MemoryFormat::ChannelsLast));
  const at::Tensor image =
      ToTensor({{"shape", {1, 6, 5, 3}}, {"data", std::vector<double>(90, 1)}}, at::kFloat);
  const at::Tensor output = layer->Forward({FromKurfileLayout(image)}, {});
  EXPECT_TRUE(output.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(ToKurfileLayout(output).is_contiguous());
}

TEST(LayersTest, BatchNormalizationLeavesItsStatisticsAloneWhenNotTraining) {
  const auto layer = Build(*testing::ParseSpec<LayerKind>("batch_normalization", "null"), {3});
  const at::Tensor mean = layer->weights()[2].value.clone();
  const at::Tensor variance = layer->weights()[3].value.clone();
  const at::Tensor x = ToTensor({{"shape", {2, 3}}, {"data", {1, 2, 3, 4, 5, 7}}}, at::kFloat);
  layer->Forward({x}, {/*training=*/false});
  EXPECT_TRUE(layer->weights()[2].value.equal(mean));
  EXPECT_TRUE(layer->weights()[3].value.equal(variance));
  layer->Forward({x}, {/*training=*/true});
  EXPECT_FALSE(layer->weights()[2].value.equal(mean));
}

}  // namespace
}  // namespace kur
