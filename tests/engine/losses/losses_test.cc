// Losses and their gradients are PyTorch's.

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/losses/loss.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/testing/golden_cases.h"
#include "tests/testing/test_device.h"

namespace kur {
namespace {

using nlohmann::json;
using testing::ExpectNear;
using ::testing::HasSubstr;
using testing::ToTensor;

std::shared_ptr<const LossSpec> Spec(const std::string& kind, const std::string& more = "") {
  return testing::ParseSpec<LossKind>(
      kind, absl::StrCat("{target: y", more.empty() ? "" : ", ", more, "}"));
}

std::unique_ptr<Loss> Build(const LossSpec& spec, const Shape& output) {
  return Registry<LossBuilder>::Get().Find(spec.kind())->build(spec, output);
}

at::Tensor Floats(const std::vector<int64_t>& shape, const std::vector<double>& data) {
  const at::Tensor tensor = at::empty(shape, at::kFloat);
  for (size_t i = 0; i < data.size(); ++i) {
    tensor.data_ptr<float>()[i] = static_cast<float>(data[i]);
  }
  return tensor;
}

constexpr char kCtcKeys[] = "input_length: steps, output_length: letters, output: text";

void CheckCase(const json& test, at::ScalarType type) {
  const at::Device device = testing::TestDevice();
  const double tolerance = testing::Tolerance(type);
  at::Tensor prediction = ToTensor(test.at("prediction"), type, device);
  prediction.set_requires_grad(true);
  const auto spec = Spec(test.at("kind"), test.at("spec"));
  const Shape output = prediction.sizes().slice(1).vec();
  const auto sources = spec->Truth(output);
  ASSERT_TRUE(sources.ok()) << sources.status();
  std::vector<at::Tensor> truth;
  for (const json& tensor : test.at("truth")) {
    // Classes, symbols and lengths are whole numbers in any type.
    const bool stays = sources->at(truth.size()).stays_on_host;
    truth.push_back(ToTensor(tensor, type, stays ? at::kCPU : device));
  }
  const auto loss = Build(*spec, output);
  const auto value = loss->Compute(prediction, truth, test.at("from_logits"));
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(value->mean.dim(), 0);
  EXPECT_EQ(value->skipped, test.at("skipped"));
  const double expected = test.at("loss");
  EXPECT_NEAR(value->mean.item<double>(), expected, tolerance * std::max(1.0, std::abs(expected)));
  value->mean.backward();
  ExpectNear(prediction.grad(), ToTensor(test.at("gradient"), type), tolerance, "gradient");
}

TEST(LossesTest, ComputeWhatPyTorchDoes) {
  const json cases = testing::ReadCases("losses/loss_cases.json");
  EXPECT_EQ(cases.size(), 83U);
  for (const json& test : cases) {
    SCOPED_TRACE(test.at("name").get<std::string>());
    CheckCase(test, at::kFloat);
    CheckCase(test, at::kDouble);
  }
}

TEST(LossesTest, TheGoldenValuesKnowEveryKind) {
  std::set<std::string> kinds;
  for (const json& test : testing::ReadCases("losses/loss_cases.json"))
    kinds.insert(test.at("kind"));
  EXPECT_EQ(std::vector<std::string>(kinds.begin(), kinds.end()),
            Registry<LossKind>::Get().Names());
}

TEST(LossesTest, CrossentropiesWantTheirLogits) {
  for (const std::string& kind : Registry<LossKind>::Get().Names()) {
    const Probabilities expected = kind == "binary_crossentropy" ? Probabilities::kSigmoid
                                   : kind == "categorical_crossentropy" ||
                                           kind == "sparse_categorical_crossentropy" ||
                                           kind == "kl_divergence" || kind == "ctc"
                                       ? Probabilities::kSoftmax
                                       : Probabilities::kNone;
    EXPECT_TRUE(Spec(kind, kind == "ctc" ? kCtcKeys : "")->fused_with() == expected) << kind;
  }
}

TEST(LossesTest, StayFiniteWhereAProbabilityIsZeroOrOne) {
  const auto check = [](const std::string& kind, const at::Tensor& truth) {
    SCOPED_TRACE(kind);
    at::Tensor prediction = Floats({1, 2}, {0, 1});
    prediction.set_requires_grad(true);
    const auto value = Build(*Spec(kind), {2})->Compute(prediction, {truth}, /*from_logits=*/false);
    ASSERT_TRUE(value.ok()) << value.status();
    EXPECT_NEAR(value->mean.item<double>(), -std::log(1e-7), 0.2);
    value->mean.backward();
    EXPECT_TRUE(prediction.grad().isfinite().all().item<bool>());
  };
  check("categorical_crossentropy", Floats({1, 2}, {1, 0}));
  check("sparse_categorical_crossentropy", Floats({1, 1}, {0}));
  check("kl_divergence", Floats({1, 2}, {1, 0}));
  check("binary_crossentropy", Floats({1, 2}, {1, 0}));
}

TEST(LossesTest, StayFiniteForHugeLogits) {
  const at::Tensor logits = Floats({1, 2}, {1e6, -1e6});
  const auto value = [&](const std::string& kind, const at::Tensor& truth) {
    return Build(*Spec(kind), {2})->Compute(logits, {truth}, true)->mean.item<double>();
  };
  EXPECT_NEAR(value("categorical_crossentropy", Floats({1, 2}, {0, 1})), 2e6, 1);
  EXPECT_NEAR(value("sparse_categorical_crossentropy", Floats({1, 1}, {1})), 2e6, 1);
  EXPECT_NEAR(value("kl_divergence", Floats({1, 2}, {0, 1})), 2e6, 1);
  EXPECT_NEAR(value("binary_crossentropy", Floats({1, 2}, {0, 1})), 1e6, 1);
}

TEST(LossesTest, SparseCrossentropyTakesNumbersWithAndWithoutAnAxisOfTheirOwn) {
  const auto spec = Spec("sparse_categorical_crossentropy");
  const auto sequence = spec->Truth({7, 10});
  ASSERT_TRUE(sequence.ok());
  EXPECT_EQ((*sequence)[0].shapes, (std::vector<Shape>{{7, 1}, {7}}));
  EXPECT_EQ((*spec->Truth({10}))[0].shapes, (std::vector<Shape>{{1}}));
  EXPECT_THAT(std::string(spec->Truth({7, kUnknown}).status().message()),
              HasSubstr("the number of classes, its last extent, must be known"));
}

std::string TruthError(const LossSpec& spec, const Shape& output,
                       const std::vector<at::Tensor>& truth) {
  const auto name_of = [](int64_t row) {
    const std::vector<int64_t> samples = {17, 4, 99};
    return absl::StrCat("sample ", samples[static_cast<size_t>(row)]);
  };
  return std::string(Build(spec, output)->CheckTruth(truth, name_of).message());
}

TEST(LossesTest, ATruthThatIsNoProbabilityIsRefusedWithItsSample) {
  const auto error = [](const std::string& kind, const std::vector<double>& truth) {
    return TruthError(*Spec(kind), {2}, {Floats({3, 2}, truth)});
  };
  EXPECT_EQ(error("binary_crossentropy", {0, 1, 0.5, 1, 0, 0}), "");
  EXPECT_THAT(
      error("binary_crossentropy", {0, 1, 0, -1, 0, 0}),
      HasSubstr("target: sample 4 of the source 'y' holds -1, which is neither yes (1) nor"));
  EXPECT_THAT(error("binary_crossentropy", {0, 1, 0, 1, 2, 0}),
              HasSubstr("sample 99 of the source"));
  EXPECT_THAT(error("binary_crossentropy", {NAN, 1, 0, 1, 0, 0}),
              HasSubstr("sample 17 of the source"));
  for (const char* kind : {"categorical_crossentropy", "kl_divergence"}) {
    // Zeros pad.
    EXPECT_EQ(error(kind, {0, 1, 0.333, 0.667, 0, 0}), "") << kind;
    EXPECT_THAT(error(kind, {0, 1, 1, 1, 0, 0}),
                HasSubstr("sample 4 of the source 'y' has probabilities that sum to 2; for classes "
                          "that do not exclude each other there is binary_crossentropy"));
    EXPECT_THAT(error(kind, {0, 1, -1, 2, 0, 0}), HasSubstr("sample 4 of the source 'y' holds -1"));
    EXPECT_THAT(error(kind, {0, 1, 1, 0, NAN, 1}),
                HasSubstr("sample 99 of the source 'y' holds nan"));
  }
  EXPECT_EQ(error("poisson", {0, 1, 0.5, 1000, 0, 0}), "");
  EXPECT_THAT(error("poisson", {0, 1, 0, -2, 0, 0}),
              HasSubstr("sample 4 of the source 'y' holds -2"));
}

TEST(LossesTest, AClassThatDoesNotExistIsRefusedWithItsSample) {
  const auto error = [](const std::vector<double>& classes) {
    return TruthError(*Spec("sparse_categorical_crossentropy"), {2, 10},
                      {Floats({3, 2, 1}, classes)});
  };
  EXPECT_EQ(error({0, 1, 2, 3, 4, 9}), "");
  EXPECT_THAT(error({0, 1, 2, 10, 4, 9}),
              HasSubstr("target: sample 4 of the source 'y' holds 10, which is no class: the "
                        "output has 10 of them, numbered from 0"));
  EXPECT_THAT(error({0, -1, 2, 3, 4, 9}), HasSubstr("sample 17 of the source 'y' holds -1"));
  EXPECT_THAT(error({0, 1, 2, 3, 0.5, 9}), HasSubstr("sample 99 of the source 'y' holds 0.5"));
  EXPECT_THAT(error({0, 1, 2, 3, 4, std::numeric_limits<double>::quiet_NaN()}),
              HasSubstr("holds nan"));
}

TEST(LossesTest, CtcRefusesSymbolsAndLengthsThatCannotBe) {
  const auto error = [](const std::vector<double>& text, double letters, double steps) {
    return TruthError(*Spec("ctc", kCtcKeys), {kUnknown, 4},
                      {Floats({1, 3}, text), Floats({1, 1}, {letters}), Floats({1, 1}, {steps})});
  };
  // Values beyond the end of a sequence are not checked.
  EXPECT_EQ(error({0, 2, 77}, 2, 5), "");
  EXPECT_THAT(error({0, 3, 0}, 2, 5),
              HasSubstr("output: sample 17 of the source 'text' holds 3, which is no symbol: the "
                        "output has 3 of them, numbered from 0, and the blank"));
  EXPECT_THAT(error({0, 1, 0}, 4, 5),
              HasSubstr("output_length: sample 17 of the source 'letters' holds 4, which is no "
                        "length of a sequence of at most 3"));
  EXPECT_THAT(error({0, 1, 0}, 2, -1),
              HasSubstr("input_length: sample 17 of the source 'steps' holds -1"));
}

TEST(LossesTest, CtcNeedsTimeAndSymbols) {
  for (const Shape& output : {Shape{5}, Shape{5, 1}, Shape{5, kUnknown}, Shape{2, 5, 4}}) {
    EXPECT_THAT(std::string(Spec("ctc", kCtcKeys)->Truth(output).status().message()),
                HasSubstr("but ctc needs (time, symbols + 1)"));
  }
}

TEST(LossesTest, CtcRefusesMoreStepsThanTheOutputHas) {
  const auto value = Build(*Spec("ctc", kCtcKeys), {5, 4})
                         ->Compute(at::Tensor(Floats({1, 5, 4}, std::vector<double>(20, 0.25))),
                                   {Floats({1, 1}, {0}), Floats({1, 1}, {1}), Floats({1, 1}, {6})},
                                   /*from_logits=*/false);
  EXPECT_THAT(std::string(value.status().message()),
              HasSubstr("a sample has 6 steps according to the source 'steps', but the output 'y' "
                        "has only 5; say which input it counts with 'relative_to'"));
}

TEST(LossesTest, CtcOfNothingIsCertain) {
  // Neither steps nor a truth: nothing to align, and nothing that went wrong.
  const auto value = Build(*Spec("ctc", kCtcKeys), {2, 3})
                         ->Compute(Floats({1, 2, 3}, {1, 2, 3, 4, 5, 6}),
                                   {Floats({1, 1}, {0}), Floats({1, 1}, {0}), Floats({1, 1}, {0})},
                                   /*from_logits=*/true);
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(value->mean.item<double>(), 0);
  EXPECT_EQ(value->skipped, 0);
}

TEST(LossesTest, CtcDoesNotHideALossThatIsNotANumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto value = Build(*Spec("ctc", kCtcKeys), {2, 2})
                         ->Compute(Floats({1, 2, 2}, {nan, 0, 0, 0}),
                                   {Floats({1, 1}, {0}), Floats({1, 1}, {1}), Floats({1, 1}, {2})},
                                   /*from_logits=*/true);
  EXPECT_TRUE(std::isnan(value->mean.item<double>()));
}

TEST(LossesTest, TheLanguageAndTheEngineHaveTheSameLosses) {
  EXPECT_EQ(Registry<LossKind>::Get().Names(), Registry<LossBuilder>::Get().Names());
}

}  // namespace
}  // namespace kur
