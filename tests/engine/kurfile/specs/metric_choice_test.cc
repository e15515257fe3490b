// The metrics that a section reports.

#include "engine/kurfile/specs/metric_choice.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/kurfile.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kModel[] = R"(
model:
  - input: {shape: [4]}
    name: x
  - dense: 3
  - activation: softmax
    name: kind
  - dense: 1
    inputs: x
    name: size
loss:
  - {target: kind, name: sparse_categorical_crossentropy}
  - {target: size, name: huber}
)";

absl::StatusOr<Kurfile> Load(const std::string& metrics) {
  const TemporaryDirectory dir;
  dir.Write("k.yml", absl::StrCat(kModel, "validate:\n  data: [{pickle: p.pkl}]\n", metrics));
  KurfileOptions options;
  options.display_root = dir.path();
  return Kurfile::Load(dir.path() + "/k.yml", options);
}

std::vector<std::string> Chosen(const std::string& metrics) {
  const auto kurfile = Load(metrics);
  EXPECT_TRUE(kurfile.ok()) << kurfile.status();
  std::vector<std::string> names;
  if (!kurfile.ok()) return names;
  const Sections& sections = kurfile->sections();
  Diagnostics diagnostics;
  for (const ChosenMetric& metric :
       ChooseMetrics(sections.validate->metrics, sections.losses, &diagnostics)) {
    names.push_back(absl::StrCat(sections.losses[metric.loss]->target, ".", metric.spec->kind()));
  }
  EXPECT_TRUE(diagnostics.ToStatus().ok());
  return names;
}

std::string Error(const std::string& metrics) {
  return std::string(Load("  metrics: " + metrics).status().message());
}

TEST(MetricChoiceTest, WhatIsUsualNeedNotBeAskedFor) {
  EXPECT_THAT(Chosen(""), ElementsAre("kind.accuracy", "size.mean_absolute_error", "size.r2",
                                      "size.root_mean_squared_error"));
}

TEST(MetricChoiceTest, ASectionChoosesOthers) {
  EXPECT_THAT(Chosen("  metrics: [f1, {top_k: 2}, {r2: {target: size}}, {precision: }]"),
              ElementsAre("kind.f1", "kind.top_k", "size.r2", "kind.precision"));
  EXPECT_THAT(Chosen("  metrics: confusion"), ElementsAre("kind.confusion"));
  EXPECT_THAT(Chosen("  metrics: []"), IsEmpty());
}

TEST(MetricChoiceTest, WhatNoOutputSuitsIsAnError) {
  EXPECT_THAT(Error("[accuracy, {r2: {target: kind}}]"),
              HasSubstr("validate.metrics[1].r2: r2 cannot be counted for 'kind', whose loss is "
                        "sparse_categorical_crossentropy"));
  EXPECT_THAT(Error("[character_error_rate]"),
              HasSubstr("k.yml:16:13: error: validate.metrics[0]: no output has a loss that "
                        "character_error_rate suits"));
  EXPECT_THAT(Error("{r2: {target: sizes}}"),
              HasSubstr("no loss has the target 'sizes'; did you mean 'size'?"));
  EXPECT_THAT(Error("[{top_k: {k: 4}}]"), HasSubstr("there are 3 classes, fewer than k"));
}

TEST(MetricChoiceTest, WhatIsNoMetricIsAnError) {
  EXPECT_THAT(Error("[acuracy]"),
              HasSubstr("validate.metrics[0]: unknown metric 'acuracy'; did you mean 'accuracy'?"));
  EXPECT_THAT(Error("[{accuracy: , f1: }]"),
              HasSubstr("expected a metric, as in 'accuracy' or 'top_k: {k: 5}'"));
  EXPECT_THAT(Error("[{word_error_rate: {space: -1}}]"),
              HasSubstr("validate.metrics[0].word_error_rate"));
  EXPECT_THAT(Error("[{f1: {average: both}}]"), HasSubstr("must be one of: macro, micro"));
}

}  // namespace
}  // namespace kur
