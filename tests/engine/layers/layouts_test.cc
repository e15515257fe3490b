// Layers and losses give the same, forwards and backwards, however their inputs and the gradients
// that reach them lie in memory: in both precisions, with kernels of our own and with ATen's, on
// one thread and on two. What is expected is what ATen computes from contiguous memory in double
// precision, which layers_test.cc and losses_test.cc compare with PyTorch. All memory is poisoned.

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/kernel_choice.h"
#include "engine/layers/activation_names.h"
#include "engine/layers/layer.h"
#include "engine/losses/loss.h"
#include "gtest/gtest.h"
#include "tests/engine/testing/golden_cases.h"
#include "tests/engine/testing/memory_layouts.h"

namespace kur {
namespace {

using nlohmann::json;
using testing::InEveryLayout;
using testing::LaidOut;

// A layer and the shapes of its input samples.
struct LayerCase {
  std::string kind;
  std::string spec;
  std::vector<Shape> samples;
  int64_t batch = 5;

  std::string Name() const {
    std::vector<std::string> shapes;
    for (const Shape& shape : samples) shapes.push_back(ToString(shape));
    return absl::StrCat(kind, ": ", spec, " of ", batch, " ", absl::StrJoin(shapes, ", "));
  }
};

// The circumstances of a computation.
struct Way {
  at::ScalarType type = at::kDouble;
  bool fused = false;
  ForwardContext context = {/*training=*/true};
  bool of_data = false;  // no input needs a gradient

  std::string Name() const {
    return absl::StrCat(type == at::kFloat ? "float" : "double", fused ? ", fused" : "",
                        context.may_overwrite ? ", may overwrite" : "",
                        context.then_relu ? ", then relu" : "", of_data ? ", of data" : "");
  }
};

// The results of a layer by name: output and gradients.
using Results = std::map<std::string, at::Tensor>;

void ExpectSame(const Results& actual, const Results& expected, at::ScalarType type) {
  const double tolerance = type == at::kDouble ? 1e-9 : 1e-4;
  ASSERT_EQ(actual.size(), expected.size());
  // Of the largest: what ought to be 0, as the gradient of the bias of attention's keys, is what
  // rounding leaves of that.
  double scale = 1;
  for (const auto& [name, wanted] : expected) {
    if (wanted.numel() > 0) scale = std::max(scale, wanted.abs().max().item<double>());
  }
  for (const auto& [name, wanted] : expected) {
    const at::Tensor& given = actual.at(name);
    ASSERT_EQ(given.sizes(), wanted.sizes()) << name;
    if (wanted.numel() == 0) continue;
    const double error = (given.to(at::kDouble) - wanted).abs().max().item<double>();
    EXPECT_LE(error, tolerance * scale) << name;
  }
}

class LayerUnderTest {
 public:
  explicit LayerUnderTest(const LayerCase& test)
      : spec_(testing::ParseSpec<LayerKind>(test.kind, test.spec)),
        layer_(Registry<LayerBuilder>::Get().Find(test.kind)->build(
            *spec_, test.samples, at::detail::createCPUGenerator(7))) {
    at::manual_seed(11);
    // Drawn as floats, so that both precisions get the same values.
    for (const Weight& weight : layer_->weights()) {
      const at::Tensor drawn = at::randn(weight.value.sizes(), at::kFloat) * 0.5;
      values_.push_back(weight.name == "running_var" ? drawn.abs() + 0.5 : drawn);
    }
    for (const Shape& sample : test.samples) {
      std::vector<int64_t> shape = {test.batch};
      shape.insert(shape.end(), sample.begin(), sample.end());
      const at::Tensor drawn = test.kind == "embedding" ? at::randint(0, 3, shape, at::kFloat)
                                                        : at::randn(shape, at::kFloat);
      inputs_.push_back(FromKurfileLayout(drawn).contiguous());
    }
  }

  const std::vector<at::Tensor>& inputs() const { return inputs_; }

  // Returns a gradient for the output, in the engine's layout.
  at::Tensor Cotangent() {
    const WithoutFusedKernels unfused;
    SetWeights(at::kFloat);
    const c10::NoGradGuard no_grad;
    const at::Tensor output = layer_->Forward(inputs_, {/*training=*/true});
    at::manual_seed(12);
    return at::randn(output.sizes(), at::kFloat);
  }

  Results Run(const Way& way, const std::vector<at::Tensor>& inputs, const at::Tensor& cotangent) {
    std::optional<WithoutFusedKernels> unfused;
    if (!way.fused) unfused.emplace();
    SetWeights(way.type);
    std::vector<at::Tensor> leaves;
    std::vector<at::Tensor> arguments;
    for (const at::Tensor& input : inputs) {
      leaves.push_back(
          input.detach().set_requires_grad(spec_->kind() != "embedding" && !way.of_data));
      // Clones inputs that may be overwritten.
      arguments.push_back(way.context.may_overwrite ? leaves.back() * 1 : leaves.back());
    }
    const at::Tensor output = layer_->Forward(arguments, way.context);
    Results results = {{"output", output.detach()}};
    if (output.requires_grad()) output.backward(cotangent);
    for (size_t i = 0; i < leaves.size(); ++i) {
      if (leaves[i].grad().defined()) {
        results[absl::StrCat("gradient of input ", i)] = leaves[i].grad();
      }
    }
    for (const Weight& weight : layer_->weights()) {
      results[weight.name] = weight.value.detach().clone();
      if (weight.trainable) results["gradient of " + weight.name] = weight.value.grad();
    }
    return results;
  }

 private:
  void SetWeights(at::ScalarType type) {
    const c10::NoGradGuard no_grad;
    for (size_t i = 0; i < values_.size(); ++i) {
      Weight& weight = layer_->weights()[i];
      weight.value = weight.value.detach().to(type);
      weight.value.copy_(values_[i]);
      weight.value.set_requires_grad(weight.trainable);
    }
  }

  std::shared_ptr<const LayerSpec> spec_;
  std::unique_ptr<Layer> layer_;
  std::vector<at::Tensor> values_;  // of the weights
  std::vector<at::Tensor> inputs_;
};

std::vector<Way> WaysFor(const LayerCase& test) {
  std::vector<Way> ways = {{at::kDouble}, {at::kFloat}, {at::kFloat, true}};
  for (const bool fused : {false, true}) {
    ways.push_back({at::kFloat, fused});
    ways.back().of_data = true;
  }
  if (test.kind == "activation" && test.spec == "relu") {
    ways.push_back({at::kFloat, true, {true, /*may_overwrite=*/true}});
  }
  return ways;
}

// Returns the values in layout number `index`, or in the last one.
at::Tensor InLayout(const at::Tensor& values, size_t index) {
  const std::vector<LaidOut> layouts = InEveryLayout(values);
  return layouts[std::min(index, layouts.size() - 1)].tensor;
}

std::string LayoutName(const at::Tensor& values, size_t index) {
  const std::vector<LaidOut> layouts = InEveryLayout(values);
  return layouts[std::min(index, layouts.size() - 1)].name;
}

// Checks one layout of the inputs and one of the gradient under all circumstances.
void CheckLayout(const LayerCase& test, const at::Tensor& cotangent, size_t of_input,
                 size_t of_gradient, LayerUnderTest* layer) {
  SCOPED_TRACE(absl::StrCat("input ", LayoutName(layer->inputs()[0], of_input), ", gradient ",
                            LayoutName(cotangent, of_gradient)));
  const auto inputs = [&](at::ScalarType type) {
    std::vector<at::Tensor> laid_out;
    for (const at::Tensor& input : layer->inputs()) {
      laid_out.push_back(InLayout(input.to(type), of_input));
    }
    return laid_out;
  };
  std::vector<at::Tensor> contiguous;
  for (const at::Tensor& input : inputs(at::kDouble)) contiguous.push_back(input.contiguous());
  const Results expected =
      layer->Run({}, contiguous, InLayout(cotangent.to(at::kDouble), of_gradient).contiguous());
  for (const Way& way : WaysFor(test)) {
    SCOPED_TRACE(way.Name());
    const at::Tensor gradient = InLayout(cotangent.to(way.type), of_gradient);
    Results wanted = expected;
    for (size_t i = 0; way.of_data && i < layer->inputs().size(); ++i) {
      wanted.erase(absl::StrCat("gradient of input ", i));
    }
    ExpectSame(layer->Run(way, inputs(way.type), gradient), wanted, way.type);
  }
}

// Checks every `step`-th layout.
void CheckLayouts(const LayerCase& test, size_t step = 1) {
  SCOPED_TRACE(test.Name());
  LayerUnderTest layer(test);
  const at::Tensor cotangent = layer.Cotangent();
  for (size_t i = 0; i < InEveryLayout(layer.inputs()[0]).size(); i += step) {
    for (size_t j = 0; j < InEveryLayout(cotangent).size(); j += step) {
      CheckLayout(test, cotangent, i, j, &layer);
    }
  }
}

// The layers of layers_test.cc, each once: small, and with every option.
std::vector<LayerCase> GoldenCases() {
  std::vector<LayerCase> cases;
  std::set<std::string> seen;
  for (const json& test : testing::ReadCases("layers/layer_cases.json")) {
    LayerCase layer = {test.at("kind"), test.at("spec"), {}, 2};
    for (const json& input : test.at("inputs")) {
      const Shape shape = input.at("shape").get<std::vector<int64_t>>();
      layer.samples.emplace_back(shape.begin() + 1, shape.end());
    }
    if (seen.insert(layer.Name()).second) cases.push_back(std::move(layer));
  }
  return cases;
}

// Large enough for vectors of 16 floats with a rest, for several blocks and for two threads.
std::vector<LayerCase> LargeCases() {
  std::vector<LayerCase> cases = {
      {"attention", "4", {{37, 40}}},
      {"attention", "{heads: 2, causal: yes}", {{21, 34}}},
      {"attention", "{heads: 2, size: 16}", {{9, 34}, {20, 18}}},
      {"batch_normalization", "null", {{35}}, 300},
      {"batch_normalization", "null", {{70, 35}}, 16},
      {"batch_normalization", "null", {{19, 18, 33}}, 4},
      {"batch_normalization", "{axis: 0}", {{19, 18, 33}}, 4},
      {"batch_normalization", "null", {{5, 6, 7, 17}}, 4},
      {"convolution", "{kernels: 20, size: [3, 3]}", {{17, 15, 18}}, 3},
      {"convolution", "{kernels: 33, size: 3}", {{40, 18}}, 3},
      {"convolution", "{kernels: 18, size: [3, 3], highway: yes}", {{11, 12, 18}}, 3},
      {"convolution", "{kernels: 36, size: [3, 2], separable: yes}", {{11, 12, 18}}, 3},
      {"convolution", "{kernels: 9, size: [3, 3, 3]}", {{8, 7, 9, 5}}, 2},
      {"dense", "[65, 33]", {{70}}, 130},
      {"dense", "{size: 34, highway: yes}", {{20, 34}}},
      {"embedding", "{vocab_size: 3, size: 40}", {{50}}},
      {"group_normalization", "2", {{20, 19, 34}}, 3},
      {"group_normalization", "3", {{40, 33}}, 3},
      {"layer_normalization", "null", {{40, 70}}},
      {"layer_normalization", "null", {{20, 19, 34}}, 3},
      {"merge", "multiply", {{40, 30}, {40, 30}}},
      {"merge", "{mode: concat, axis: 0}", {{20, 12, 8}, {5, 12, 8}}},
      {"pool", "{size: [2, 2], strides: 2}", {{20, 18, 35}}, 3},
      {"pool", "{size: [3, 2], strides: [3, 3]}", {{20, 18, 35}}, 3},
      {"pool", "{size: [3, 3], strides: 1, type: average, border: same}", {{20, 18, 20}}, 3},
      {"pool", "{size: 3, strides: 2}", {{50, 20}}, 3},
      {"pool", "null", {{20, 18, 35}}, 3},
      {"positional_encoding", "{learned: 40}", {{40, 33}}},
      {"transposed_convolution", "{kernels: 9, size: [3, 3], strides: 2}", {{9, 8, 20}}, 3},
      {"upsample", "{size: [2, 3], type: linear}", {{9, 8, 20}}, 3},
      {"upsample", "{size: 3}", {{30, 20}}, 3},
  };
  for (const char* cell : {"gru", "lstm", "sru"}) {
    for (const char* more : {"", ", sequence: no", ", bidirectional: yes, merge: add"}) {
      cases.push_back(
          {"recurrent", absl::StrCat("{size: 36, type: ", cell, more, "}"), {{19, 21}}});
    }
  }
  return cases;
}

std::vector<LayerCase> ActivationCases() {
  std::vector<LayerCase> cases;
  for (const std::string& name : ActivationNames()) {
    for (const Shape& sample : {Shape{33}, Shape{6, 7}, Shape{5, 6, 7}, Shape{2, 3, 4, 5}}) {
      cases.push_back({"activation", name, {sample}, 3});
    }
    // An LSTM's cells would grow as exp(exp(x)) does.
    const int64_t steps = name == "exponential" ? 1 : 3;
    for (const char* cell : {"gru", "lstm"}) {
      cases.push_back({"recurrent",
                       absl::StrCat("{size: 6, type: ", cell, ", outer_activation: ", name, "}"),
                       {{steps, 5}},
                       3});
    }
  }
  return cases;
}

TEST(LayoutsTest, OfSmallTensorsChangeNothing) {
  for (const LayerCase& test : GoldenCases()) CheckLayouts(test);
}

TEST(LayoutsTest, OfLargeTensorsChangeNothing) {
  for (const LayerCase& test : LargeCases()) CheckLayouts(test);
}

TEST(LayoutsTest, OfLargeTensorsChangeNothingOnTwoThreads) {
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  for (const LayerCase& test : LargeCases()) CheckLayouts(test, /*step=*/3);
  at::set_num_threads(before);
}

TEST(LayoutsTest, ChangeNothingForAnyActivation) {
  for (const LayerCase& test : ActivationCases()) CheckLayouts(test);
}

TEST(LayoutsTest, ChangeNothingOfASingleSample) {
  for (LayerCase& test : LargeCases()) {
    test.batch = 1;
    CheckLayouts(test);
  }
}

// A loss with predictions and truths of losses_test.cc.
class LossUnderTest {
 public:
  explicit LossUnderTest(const json& test)
      : from_logits_(test.at("from_logits")),
        prediction_(testing::ToTensor(test.at("prediction"), at::kFloat)) {
    const std::string more = test.at("spec");
    const auto spec = testing::ParseSpec<LossKind>(
        test.at("kind"), absl::StrCat("{target: y", more.empty() ? "" : ", ", more, "}"));
    loss_ = Registry<LossBuilder>::Get()
                .Find(spec->kind())
                ->build(*spec, prediction_.sizes().slice(1).vec());
    for (const json& truth : test.at("truth")) {
      truth_.push_back(testing::ToTensor(truth, at::kFloat));
    }
  }

  // Checks the layout of the prediction and of the truth.
  void Check(size_t of_prediction, size_t of_truth) const {
    SCOPED_TRACE(absl::StrCat("prediction ", LayoutName(prediction_, of_prediction), ", truth ",
                              LayoutName(truth_[0], of_truth)));
    const at::Tensor contiguous = InLayout(prediction_.to(at::kDouble), of_prediction).contiguous();
    const Results expected = Run({}, contiguous, 0);
    for (const Way& way : {Way{at::kDouble}, Way{at::kFloat}, Way{at::kFloat, true}}) {
      SCOPED_TRACE(way.Name());
      ExpectSame(Run(way, InLayout(prediction_.to(way.type), of_prediction), of_truth), expected,
                 way.type);
    }
  }

  size_t layouts_of_prediction() const { return InEveryLayout(prediction_).size(); }
  // Without the layouts that change values.
  size_t layouts_of_truth() const { return InEveryLayout(truth_[0]).size() - 2; }

 private:
  Results Run(const Way& way, const at::Tensor& prediction, size_t of_truth) const {
    std::optional<WithoutFusedKernels> unfused;
    if (!way.fused) unfused.emplace();
    std::vector<at::Tensor> truth;
    for (const at::Tensor& tensor : truth_)
      truth.push_back(InLayout(tensor.to(way.type), of_truth));
    const at::Tensor leaf = prediction.detach().set_requires_grad(true);
    const auto value = loss_->Compute(leaf, truth, from_logits_);
    EXPECT_TRUE(value.ok()) << value.status();
    // Scales the gradient, as the weight of a loss does.
    (value->mean * 0.5).backward();
    return {{"loss", value->mean.detach()}, {"gradient", leaf.grad()}};
  }

  bool from_logits_;
  at::Tensor prediction_;
  std::vector<at::Tensor> truth_;
  std::unique_ptr<Loss> loss_;
};

TEST(LayoutsTest, ChangeNothingForAnyLoss) {
  for (const json& test : testing::ReadCases("losses/loss_cases.json")) {
    SCOPED_TRACE(test.at("name").get<std::string>());
    const LossUnderTest loss(test);
    for (size_t i = 0; i < loss.layouts_of_prediction(); ++i) {
      for (size_t j = 0; j < loss.layouts_of_truth(); ++j) loss.Check(i, j);
    }
  }
}

// A batch of texts that are all empty has no steps.
TEST(LayoutsTest, SequencesOfNoStepsGiveNothing) {
  const std::vector<LayerCase> cases = {
      {"activation", "gelu", {{0, 8}}},
      {"activation", "softmax", {{0, 8}}},
      {"attention", "2", {{0, 8}}},
      {"batch_normalization", "null", {{0, 8}}},
      {"dense", "7", {{0, 8}}},
      {"dropout", "0.5", {{0, 8}}},
      {"embedding", "{vocab_size: 3, size: 8}", {{0}}},
      {"layer_normalization", "null", {{0, 8}}},
      {"merge", "add", {{0, 8}, {0, 8}}},
      {"positional_encoding", "null", {{0, 8}}},
      {"recurrent", "{size: 6, type: gru}", {{0, 8}}},
      {"recurrent", "{size: 6, type: lstm}", {{0, 8}}},
      {"recurrent", "{size: 6, type: sru}", {{0, 8}}},
      {"recurrent", "{size: 6, outer_activation: gelu}", {{0, 8}}},
      {"recurrent", "{size: 6, type: lstm, sequence: no, bidirectional: yes}", {{0, 8}}},
  };
  for (const LayerCase& test : cases) {
    SCOPED_TRACE(test.Name());
    LayerUnderTest layer(test);
    const at::Tensor cotangent = layer.Cotangent();
    for (const Way& way : WaysFor(test)) {
      SCOPED_TRACE(way.Name());
      std::vector<at::Tensor> inputs;
      for (const at::Tensor& input : layer.inputs()) inputs.push_back(input.to(way.type));
      for (const auto& [name, values] : layer.Run(way, inputs, cotangent.to(way.type))) {
        EXPECT_TRUE(!values.defined() || values.isfinite().all().item<bool>()) << name;
      }
    }
  }
}

}  // namespace
}  // namespace kur
