#include "engine/train/model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/train_test_util.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

// Two inputs, a layer that two others use, and an output in the middle that also goes on.
constexpr char kGraph[] = R"(
model:
  - input: {shape: [2]}
    name: left
  - dense: 3
    name: shared
  - activation: relu
    name: middle
    sink: yes
  - dense: 2
    name: first
  - dense: 4
    inputs: shared
    name: second
    freeze: yes
  - input: {shape: [5]}
    name: right
  - dense: 2
    inputs: right
    name: third
)";

constexpr char kClassifier[] = R"(
model:
  - input: {shape: [6, 5, 3]}
    name: images
  - convolution: {kernels: 2, size: [3, 3]}
    name: features
  - batch_normalization:
    name: normal
  - flatten:
  - dense: 4
    name: logits
  - activation: softmax
    name: labels
)";

Model Build(const std::string& text, uint64_t seed = 1) {
  auto model = Model::Build(testing::LoadText(text).plan(), seed, at::kCPU);
  EXPECT_TRUE(model.ok()) << model.status();
  return *std::move(model);
}

TensorMap GraphInputs() {
  return {{"left", at::linspace(-1, 1, 8).reshape({4, 2})},
          {"right", at::linspace(0, 2, 20).reshape({4, 5})}};
}

TensorMap Copy(const TensorMap& tensors) {
  TensorMap copy;
  for (const auto& [name, tensor] : tensors) copy[name] = tensor.clone();
  return copy;
}

void ExpectSame(const TensorMap& a, const TensorMap& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) EXPECT_TRUE(tensor.equal(b.at(name))) << name;
}

TEST(ModelTest, ComputesAGraph) {
  Model model = Build(kGraph);
  EXPECT_THAT(model.inputs(), UnorderedElementsAre("left", "right"));
  EXPECT_THAT(model.outputs(), UnorderedElementsAre("middle", "first", "second", "third"));
  EXPECT_EQ(model.num_layers(), 7U);
  EXPECT_EQ(model.num_parameters(), 9 + 8 + 16 + 12);
  const TensorMap inputs = GraphInputs();
  const TensorMap outputs = model.Forward(inputs, {});
  EXPECT_THAT(outputs, ElementsAre(Key("first"), Key("middle"), Key("second"), Key("third")));
  const TensorMap w = model.Weights();
  const auto dense = [&](const at::Tensor& x, const std::string& name) {
    return x.matmul(w.at(name + ".weight").t()) + w.at(name + ".bias");
  };
  const at::Tensor shared = dense(inputs.at("left"), "shared");
  EXPECT_TRUE(outputs.at("middle").allclose(at::relu(shared)));
  EXPECT_TRUE(outputs.at("first").allclose(dense(at::relu(shared), "first")));
  EXPECT_TRUE(outputs.at("second").allclose(dense(shared, "second")));
  EXPECT_TRUE(outputs.at("third").allclose(dense(inputs.at("right"), "third")));
}

TEST(ModelTest, ReluAndPoolsGiveWhatTheyGiveInTheOrderOfTheKurfile) {
  for (const char* pool : {"{size: [2, 2], strides: [2, 2], type: max}",
                           "{size: [3, 2], type: max}", "{size: [2, 2], border: same, type: max}",
                           "{size: [2, 2], strides: [2, 2], type: average}", "{type: max}"}) {
    SCOPED_TRACE(pool);
    const std::string input = "model:\n  - input: {shape: [6, 5, 3]}\n    name: images\n";
    const std::string convolution =
        input + "  - convolution: {kernels: 4, size: [3, 3]}\n    name: features\n";
    Model whole = Build(
        absl::StrCat(convolution, "  - activation: relu\n  - pool: ", pool, "\n    name: end\n"));
    Model first = Build(convolution);
    Model last = Build(absl::StrCat("model:\n  - input: {shape: [6, 5, 4]}\n    name: images\n",
                                    "  - pool: ", pool, "\n    name: end\n"));
    ASSERT_TRUE(first.LoadWeights(whole.Weights()).ok());
    const TensorMap images = {{"images", at::linspace(-3, 2, 180).sin().reshape({2, 6, 5, 3})}};
    const at::Tensor features = first.Forward(images, {true}).at("features");
    const at::Tensor expected = last.Forward({{"images", at::relu(features)}}, {true}).at("end");
    const at::Tensor actual = whole.Forward(images, {true}).at("end");
    EXPECT_TRUE(actual.equal(expected));
    const at::Tensor gradient = at::linspace(-1, 1, expected.numel()).reshape(expected.sizes());
    expected.backward(gradient);
    actual.backward(gradient);
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_TRUE(whole.TrainableParameters()[i].value.grad().allclose(
          first.TrainableParameters()[i].value.grad(), 1e-5, 1e-6));
    }
  }
}

TEST(ModelTest, AnOutputIsNotWrittenOverByTheReluBehindIt) {
  Model model = Build(R"(
model:
  - input: {shape: [2]}
    name: left
  - dense: 3
    name: raw
    sink: yes
  - activation: relu
    name: end
)");
  const TensorMap outputs = model.Forward({{"left", GraphInputs().at("left")}}, {true});
  EXPECT_LT(outputs.at("raw").min().item<double>(), 0);
  EXPECT_TRUE(outputs.at("end").equal(at::relu(outputs.at("raw"))));
}

TEST(ModelTest, FrozenLayersAreNotTrained) {
  Model model = Build(kGraph);
  std::vector<std::string> names;
  for (const NamedParameter& parameter : model.TrainableParameters()) {
    names.push_back(parameter.name);
    EXPECT_TRUE(parameter.value.requires_grad()) << parameter.name;
  }
  EXPECT_THAT(names, UnorderedElementsAre("shared.weight", "shared.bias", "first.weight",
                                          "first.bias", "third.weight", "third.bias"));
  // The gradient goes through a frozen layer to those before it.
  model.Forward(GraphInputs(), {true}).at("second").sum().backward();
  for (const NamedParameter& parameter : model.TrainableParameters()) {
    const bool reached = parameter.name.find("shared") == 0;
    EXPECT_EQ(parameter.value.grad().defined(), reached) << parameter.name;
  }
}

TEST(ModelTest, RunningStatisticsAreWeightsButNotTrained) {
  Model model = Build(kClassifier);
  EXPECT_EQ(model.Weights().count("normal.running_mean"), 1U);
  for (const NamedParameter& parameter : model.TrainableParameters()) {
    EXPECT_THAT(parameter.name, ::testing::Not(HasSubstr("running")));
  }
}

TEST(ModelTest, WeightsAreAFunctionOfTheSeed) {
  ExpectSame(Build(kGraph, 3).Weights(), Build(kGraph, 3).Weights());
  EXPECT_FALSE(Build(kGraph, 3)
                   .Weights()
                   .at("first.weight")
                   .equal(Build(kGraph, 4).Weights().at("first.weight")));
}

TEST(ModelTest, TakesWeightsOfAnotherModelOver) {
  const TensorMap saved = Copy(Build(kClassifier, 1).Weights());
  Model model = Build(kClassifier, 2);
  TensorMap more = saved;
  more["unknown.weight"] = at::ones({1});
  ASSERT_TRUE(model.LoadWeights(more).ok());
  ExpectSame(model.Weights(), saved);
  for (const NamedParameter& parameter : model.TrainableParameters()) {
    EXPECT_TRUE(parameter.value.equal(saved.at(parameter.name))) << parameter.name;
  }
}

TEST(ModelTest, RefusesWeightsThatDoNotFitAndStaysAsItIs) {
  Model model = Build(kGraph);
  const TensorMap before = Copy(model.Weights());
  TensorMap weights;
  for (const auto& [name, tensor] : before) weights[name] = at::ones(tensor.sizes());
  TensorMap lacking = weights;
  lacking.erase("third.weight");
  const absl::Status missing = model.LoadWeights(lacking);
  EXPECT_EQ(missing.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("they lack third.weight"));
  TensorMap reshaped = weights;
  reshaped["third.weight"] = at::ones({5, 2});
  EXPECT_THAT(std::string(model.LoadWeights(reshaped).message()),
              HasSubstr("third.weight is (5, 2) there and (2, 5) here"));
  ExpectSame(model.Weights(), before);
}

TEST(ModelTest, GivesTheLogitsOfASoftmaxThatNothingElseUses) {
  Model model = Build(kClassifier);
  EXPECT_TRUE(model.CanGiveLogits("labels", Probabilities::kSoftmax));
  EXPECT_FALSE(model.CanGiveLogits("logits", Probabilities::kSoftmax));
  EXPECT_FALSE(model.CanGiveLogits("nothing", Probabilities::kSoftmax));
  const TensorMap inputs = {{"images", at::linspace(-1, 1, 180).reshape({2, 6, 5, 3})}};
  const at::Tensor probabilities = model.Forward(inputs, {}).at("labels");
  const at::Tensor logits = model.Forward(inputs, {}, {"labels"}).at("labels");
  EXPECT_TRUE(at::softmax(logits, -1).allclose(probabilities));
  EXPECT_TRUE(probabilities.sum(-1).allclose(at::ones({2})));
}

TEST(ModelTest, ASoftmaxThatIsUsedGivesNoLogits) {
  const std::string text =
      std::string(kClassifier) + "    sink: yes\n  - dense: 2\n    name: above\n";
  const Model model = Build(text);
  EXPECT_THAT(model.outputs(), UnorderedElementsAre("labels", "above"));
  EXPECT_FALSE(model.CanGiveLogits("labels", Probabilities::kSoftmax));
}

TEST(ModelTest, TellsTheLogitsOfASigmoidFromThoseOfASoftmax) {
  Model model =
      Build("model: [{input: {shape: [3]}, name: x}, {activation: sigmoid}, {output: y}]");
  EXPECT_TRUE(model.CanGiveLogits("y", Probabilities::kSigmoid));
  EXPECT_FALSE(model.CanGiveLogits("y", Probabilities::kSoftmax));
  EXPECT_FALSE(model.CanGiveLogits("y", Probabilities::kNone));
  const at::Tensor x = at::linspace(-1, 1, 6).reshape({2, 3});
  EXPECT_TRUE(model.Forward({{"x", x}}, {}, {"y"}).at("y").equal(x));
}

TEST(ModelTest, NeedsToKnowTheShapes) {
  const auto unknown = Model::Build(
      testing::LoadText("model:\n  - input: x\n  - dense: 2\n    name: y\n").plan(), 1, at::kCPU);
  EXPECT_THAT(std::string(unknown.status().message()), HasSubstr("not known"));
  const auto varying = Model::Build(
      testing::LoadText("model:\n  - input: {shape: [null, 3]}\n    name: x\n  - dense: {size: 2, "
                        "flatten: yes}\n    name: y\n")
          .plan(),
      1, at::kCPU);
  EXPECT_THAT(std::string(varying.status().message()), HasSubstr("unknown extent"));
}

constexpr char kShared[] = R"(
model:
  - input: {shape: [3, 4]}
    name: steps
  - parallel:
      apply:
        - dense: 4
          name: step
        - activation: softmax
  - reuse: step
    name: again
    inputs: steps
  - merge: add
    inputs: [..activation.0, again]
  - flatten:
  - dense: 2
  - activation: softmax
  - output: labels
)";

TEST(ModelTest, LayersAlongAnAxisSeeEveryElementAsASample) {
  Model model = Build(kShared);
  const at::Tensor steps = at::linspace(-1, 1, 24).reshape({2, 3, 4});
  const TensorMap w = model.Weights();
  EXPECT_THAT(w, UnorderedElementsAre(Key("step.weight"), Key("step.bias"), Key("..dense.0.weight"),
                                      Key("..dense.0.bias")));
  EXPECT_EQ(model.num_parameters(), 20 + 26);
  const auto dense = [&](const at::Tensor& x, const std::string& name) {
    return x.matmul(w.at(name + ".weight").t()) + w.at(name + ".bias");
  };
  const at::Tensor step = dense(steps, "step");
  const at::Tensor logits = dense((at::softmax(step, -1) + step).flatten(1), "..dense.0");
  EXPECT_TRUE(model.Forward({{"steps", steps}}, {}).at("labels").allclose(at::softmax(logits, -1)));
  // The softmax before an `output` can be left out as well as one that is the output itself.
  EXPECT_TRUE(model.CanGiveLogits("labels", Probabilities::kSoftmax));
  EXPECT_TRUE(model.Forward({{"steps", steps}}, {}, {"labels"}).at("labels").allclose(logits));
}

TEST(ModelTest, SharedWeightsAreOneParameterWithTheGradientsOfAllUses) {
  Model model = Build(R"(
model:
  - input: {shape: [4]}
    name: x
  - dense: 4
    name: a
  - reuse: a
    name: b
)");
  EXPECT_EQ(model.TrainableParameters().size(), 2U);
  const at::Tensor x = at::linspace(-1, 1, 8).reshape({2, 4});
  model.Forward({{"x", x}}, {true}).at("b").sum().backward();
  const at::Tensor gradient = model.TrainableParameters()[1].value.grad();
  // d sum(W (W x + b) + b) / db = batch (1 + W^T 1)
  const at::Tensor expected = (model.Weights().at("a.weight").sum(0) + 1) * 2;
  EXPECT_TRUE(gradient.allclose(expected));
}

}  // namespace
}  // namespace kur
