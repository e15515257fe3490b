// The mode inspect.

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/train_test_util.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RecordingObserver;
using testing::Workspace;

constexpr char kKurfile[] = R"(
model:
  - input: x
  - dense: 3
  - activation: softmax
    name: label
train:
  data:
    - csv: train.csv
      columns: {x: [a, b], label: label}
validate:
  data:
    - csv: validate.csv
      columns: {x: [a, b], label: label}
loss:
  - target: label
    name: sparse_categorical_crossentropy
)";

class InspectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    workspace_.Write("train.csv", "a,b,label\n1,2,0\n3,4,1\n5,6,2\n7,8,0\n");
    workspace_.Write("validate.csv", "a,b,label\n9,2,0\n4,4,1\n");
  }

  absl::StatusOr<RunOutcome> Inspect(const std::string& kurfile, const std::string& section = "") {
    RunOptions options;
    options.mode = Mode::kInspect;
    options.inspection.section = section;
    options.inspection.samples = 2;
    return workspace_.Run(kurfile, &observer_, options);
  }

  // "error: ..." or "warning: ..." for each finding of a report.
  std::vector<std::string> Findings(size_t report) const {
    std::vector<std::string> texts;
    for (const DataReport::Finding& finding : observer_.reports.at(report).findings) {
      texts.push_back(
          absl::StrCat(finding.level == LogLevel::kError ? "error: " : "warning: ", finding.text));
    }
    return texts;
  }

  Workspace workspace_;
  RecordingObserver observer_{workspace_.path()};
};

TEST_F(InspectionTest, ReportsEverySectionAndTrainsNothing) {
  const auto end = Inspect(kKurfile);
  ASSERT_TRUE(end.ok()) << end.status();
  ASSERT_EQ(observer_.reports.size(), 2U);
  const DataReport& train = observer_.reports[0];
  EXPECT_EQ(train.section, "train");
  EXPECT_EQ(train.samples, 4);
  EXPECT_THAT(Findings(0), IsEmpty());
  ASSERT_EQ(train.sources.size(), 2U);
  EXPECT_EQ(train.sources[0].name, "label");
  EXPECT_TRUE(train.sources[0].is_truth);
  EXPECT_FALSE(train.sources[0].is_input);
  EXPECT_EQ(train.sources[1].name, "x");
  EXPECT_TRUE(train.sources[1].is_input);
  EXPECT_FALSE(train.sources[1].is_truth);
  EXPECT_EQ(train.sources[1].summary.maximum, 8);
  // One of each half, the same of both sources.
  ASSERT_EQ(train.sources[1].samples.size(), 2U);
  EXPECT_LT(train.sources[1].samples[0].index, 2);
  EXPECT_GE(train.sources[1].samples[1].index, 2);
  EXPECT_EQ(train.sources[1].samples[1].index, train.sources[0].samples[1].index);
  EXPECT_EQ(observer_.reports[1].section, "validate");
  EXPECT_EQ(observer_.reports[1].samples, 2);
  EXPECT_EQ(observer_.started.size(), 1U);
  EXPECT_THAT(observer_.written, IsEmpty());
}

TEST_F(InspectionTest, LooksAtOneSection) {
  ASSERT_TRUE(Inspect(kKurfile, "validate").ok());
  ASSERT_EQ(observer_.reports.size(), 1U);
  EXPECT_EQ(observer_.reports[0].section, "validate");
  EXPECT_THAT(Inspect(kKurfile, "test").status().message(), HasSubstr("no section 'test'"));
}

TEST_F(InspectionTest, FindsLabelsOutOfRange) {
  workspace_.Write("train.csv", "a,b,label\n1,2,0\n3,4,1\n5,6,3\n7,8,0\n");
  ASSERT_TRUE(Inspect(kKurfile, "train").ok());
  EXPECT_THAT(Findings(0),
              ElementsAre(HasSubstr("sample 2 (train.csv:4) of the source 'label' holds 3")));
  EXPECT_THAT(Findings(0)[0], ::testing::StartsWith("error: "));
}

TEST_F(InspectionTest, FindsWhatDoesNotFitTheModel) {
  ASSERT_TRUE(Inspect(absl::StrReplaceAll(kKurfile, {{"input: x", "input: y"}}), "train").ok());
  EXPECT_THAT(Findings(0), ElementsAre(HasSubstr("the data has no source 'y' for this input")));
  // What there is was looked at all the same.
  EXPECT_EQ(observer_.reports[0].sources.size(), 2U);
  ASSERT_TRUE(
      Inspect(absl::StrReplaceAll(kKurfile, {{"validate.csv\n      columns: {x: [a, b]",
                                              "validate.csv\n      columns: {x: [a, b, a]"}}))
          .ok());
  EXPECT_THAT(Findings(1), IsEmpty());
  EXPECT_THAT(Findings(2), ElementsAre(HasSubstr("the shape (3,), but the model needs (2,)")));
}

TEST_F(InspectionTest, FindsOddValues) {
  workspace_.Write("train.csv", "a,b,label\n1,inf,0\n1,4,1\n1,-inf,2\n1,2,0\n");
  ASSERT_TRUE(Inspect(kKurfile, "train").ok());
  EXPECT_THAT(
      Findings(0),
      ElementsAre("warning: x: 0 values not a number (NaN), 2 infinite; the first in sample 0",
                  "warning: x: 1 of 2 columns never vary, counted from 0: 0"));
}

TEST_F(InspectionTest, FindsClassesWithoutSamples) {
  constexpr char kNoThird[] = "a,b,label\n1,2,0\n3,4,1\n5,6,0\n7,8,0\n";
  workspace_.Write("train.csv", kNoThird);
  ASSERT_TRUE(
      Inspect(absl::StrReplaceAll(kKurfile, {{"label: label}", "label: {from: label, one_hot: 3}}"},
                                             {"sparse_", ""}}),
              "train")
          .ok());
  EXPECT_THAT(Findings(0), ElementsAre("warning: label: no sample is of the class 2"));
}

TEST_F(InspectionTest, FindsSamplesThatWereTrainedOn) {
  workspace_.Write("validate.csv", "a,b,label\n9,2,0\n3,4,2\n5,6,1\n");
  ASSERT_TRUE(Inspect(kKurfile).ok());
  EXPECT_THAT(Findings(0), IsEmpty());
  EXPECT_THAT(Findings(1), ElementsAre("warning: 2 samples of 3 are also in train"));
}

TEST_F(InspectionTest, DataThatCannotBeReadIsAFinding) {
  workspace_.Write("train.csv", "a,b,label\n1,2,0\n3,4\n");
  ASSERT_TRUE(Inspect(kKurfile).ok());
  ASSERT_EQ(observer_.reports.size(), 2U);
  EXPECT_THAT(Findings(0), ElementsAre(HasSubstr("train.csv")));
  EXPECT_THAT(observer_.reports[0].sources, IsEmpty());
  EXPECT_EQ(observer_.reports[1].samples, 2);
}

TEST_F(InspectionTest, EndsWhenAskedTo) {
  observer_.cancel_after_batches = 0;
  const auto end = Inspect(kKurfile);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(*end, RunOutcome::kCancelled);
}

}  // namespace
}  // namespace kur
