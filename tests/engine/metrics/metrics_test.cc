// Metrics are exact over a whole data set and equal those of an independent program.

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/metrics/metric.h"
#include "engine/metrics/transcripts.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/testing/golden_cases.h"
#include "tests/testing/test_device.h"

namespace kur {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ToTensor;

Task TaskNamed(const std::string& name) {
  static const std::map<std::string, Task> kTasks = {{"classes", Task::kClasses},
                                                     {"numbers", Task::kClassNumbers},
                                                     {"yes or no", Task::kYesOrNo},
                                                     {"quantities", Task::kNumbers},
                                                     {"sequence", Task::kSequence}};
  return kTasks.at(name);
}

std::shared_ptr<const MetricSpec> Spec(const std::string& kind, const std::string& keys = "") {
  return testing::ParseSpec<MetricKind>(kind, absl::StrCat("{", keys, "}"));
}

// Computes the values over the samples of a case, in batches of that size.
std::map<std::string, double> Measure(const json& test, at::ScalarType type, int64_t batch_size) {
  const c10::NoGradGuard no_grad;
  const at::Tensor prediction = ToTensor(test.at("prediction"), type, testing::TestDevice());
  std::vector<at::Tensor> truth;
  for (const json& tensor : test.at("truth")) {
    truth.push_back(ToTensor(tensor, type, testing::TestDevice()));
  }
  const auto spec = Spec(test.at("kind"), test.at("spec"));
  const MetricContext context = {TaskNamed(test.at("task")), prediction.sizes().slice(1).vec(),
                                 test.at("from_logits"), test.at("blank_is_first")};
  EXPECT_TRUE(spec->Supports(context.task));
  EXPECT_TRUE(spec->CheckOutput(context.task, context.output).ok());
  const auto metric = Registry<MetricBuilder>::Get().Find(spec->kind())->build(*spec, context);
  for (int64_t i = 0; i < prediction.size(0); i += batch_size) {
    const int64_t size = std::min(batch_size, prediction.size(0) - i);
    std::vector<at::Tensor> part;
    for (const at::Tensor& tensor : truth) part.push_back(tensor.narrow(0, i, size));
    metric->Add(prediction.narrow(0, i, size), part);
  }
  return metric->Values();
}

TEST(MetricsTest, AreWhatPythonCountsHoweverTheSetIsCut) {
  const json cases = testing::ReadCases("metrics/metric_cases.json");
  EXPECT_GT(cases.size(), 100U);
  for (const json& test : cases) {
    SCOPED_TRACE(test.at("name").get<std::string>());
    const auto expected = test.at("values").get<std::map<std::string, double>>();
    for (const auto type : {at::kFloat, at::kDouble}) {
      for (const int64_t batch_size : {1, 4, 1000}) {
        const auto values = Measure(test, type, batch_size);
        ASSERT_EQ(values.size(), expected.size());
        for (const auto& [name, value] : expected) {
          ASSERT_EQ(values.count(name), 1U) << name;
          EXPECT_NEAR(values.at(name), value, testing::Tolerance(type)) << name;
        }
      }
    }
  }
}

TEST(MetricsTest, TheGoldenValuesKnowEveryKind) {
  std::vector<std::string> kinds;
  for (const json& test : testing::ReadCases("metrics/metric_cases.json"))
    kinds.push_back(test.at("kind"));
  std::sort(kinds.begin(), kinds.end());
  kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
  EXPECT_EQ(Registry<MetricKind>::Get().Names(), kinds);
  EXPECT_EQ(Registry<MetricBuilder>::Get().Names(), kinds);
}

TEST(MetricsTest, CountsThatWouldBeTooManyAreRefused) {
  EXPECT_TRUE(Spec("confusion")->CheckOutput(Task::kClasses, {64}).ok());
  EXPECT_THAT(std::string(Spec("confusion")->CheckOutput(Task::kClasses, {65}).message()),
              HasSubstr("there are 65 classes; confusion is counted for at most 64"));
  EXPECT_THAT(std::string(Spec("confusion")->CheckOutput(Task::kClasses, {7, kUnknown}).message()),
              HasSubstr("the last extent of (7, ?), must be known"));
  EXPECT_TRUE(Spec("confusion")->CheckOutput(Task::kYesOrNo, {100}).ok());
  EXPECT_TRUE(Spec("top_k", "k: 3")->CheckOutput(Task::kClasses, {3}).ok());
  EXPECT_THAT(std::string(Spec("top_k", "k: 4")->CheckOutput(Task::kClasses, {3}).message()),
              HasSubstr("there are 3 classes, fewer than k, which is 4"));
}

TEST(MetricsTest, TheNumberOfClassesMayVaryFromBatchToBatch) {
  const auto tensor = [](std::vector<int64_t> shape, std::vector<double> data) {
    return ToTensor({{"shape", shape}, {"data", data}}, at::kFloat);
  };
  const auto spec = Spec("recall", "average: macro");
  const auto metric = Registry<MetricBuilder>::Get().Find("recall")->build(
      *spec, {Task::kClasses, {kUnknown}, /*from_logits=*/false, /*blank_is_first=*/false});
  metric->Add(tensor({1, 2}, {0.1, 0.9}), {tensor({1, 2}, {0, 1})});
  metric->Add(tensor({2, 3}, {0.1, 0.2, 0.7, 0.5, 0.3, 0.2}), {tensor({2, 3}, {0, 0, 1, 0, 1, 0})});
  // Class 0 was predicted once and never true, 1 was found once of two times, 2 always.
  EXPECT_NEAR(metric->Values().at("macro_recall"), (0 + 0.5 + 1) / 3, 1e-9);
}

TEST(MetricsTest, EditDistancesOfKnownWords) {
  const auto distance = [](const std::string& a, const std::string& b) {
    return EditDistance(std::vector<char>(a.begin(), a.end()),
                        std::vector<char>(b.begin(), b.end()));
  };
  EXPECT_EQ(distance("kitten", "sitting"), 3);
  EXPECT_EQ(distance("saturday", "sunday"), 3);
  EXPECT_EQ(distance("", "abc"), 3);
  EXPECT_EQ(distance("abc", ""), 3);
  EXPECT_EQ(distance("", ""), 0);
}

TEST(MetricsTest, WordsAreWhatIsBetweenSpaces) {
  EXPECT_THAT(SplitWords({9, 1, 2, 9, 9, 3, 9}, 9), ElementsAre(Symbols{1, 2}, Symbols{3}));
  EXPECT_THAT(SplitWords({9, 9}, 9), IsEmpty());
  EXPECT_THAT(SplitWords({1}, 9), ElementsAre(Symbols{1}));
}

}  // namespace
}  // namespace kur
