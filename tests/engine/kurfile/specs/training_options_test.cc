// The keys of `train` that Kur does not have: what is accepted and what is refused.

#include "engine/kurfile/specs/training_options.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/kurfile.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kModel[] = R"(
model:
  - input: {shape: [4], name: x}
  - for:
      range: 2
      iterate:
        - dense: 8
    tag: trunk
  - activation: relu
  - dense: 1
    name: y
    tag: [head, last]
loss:
  - target: y
    name: mean_squared_error
)";

constexpr char kValidate[] = "validate:\n  data: [{pickle: held-out.pkl}]\n";

absl::StatusOr<Kurfile> Load(const std::string& train, const std::string& rest = "") {
  const TemporaryDirectory dir;
  KurfileOptions options;
  options.display_root = dir.path();
  return Kurfile::Load(
      dir.Write("k.yml",
                absl::StrCat(kModel, "train:\n  data: [{pickle: train.pkl}]\n", train, rest)),
      options);
}

std::string Error(const std::string& train, const std::string& rest = "") {
  return std::string(Load(train, rest).status().message());
}

TEST(TrainingOptionsTest, DefaultsChangeNothing) {
  const auto kurfile = Load("");
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  const TrainingOptions& options = kurfile->sections().train->options;
  EXPECT_EQ(options.schedule, nullptr);
  EXPECT_EQ(options.accumulate, 1);
  EXPECT_FALSE(options.ema.has_value());
  EXPECT_FALSE(options.early_stopping.has_value());
  EXPECT_EQ(options.precision, "float32");
  EXPECT_FALSE(options.deterministic);
  EXPECT_EQ(options.non_finite, "stop");
}

TEST(TrainingOptionsTest, ReadsEveryKey) {
  const auto kurfile = Load(
      "  epochs: 3\n"
      "  schedule: {name: warmup, length: 5, then: cosine}\n"
      "  accumulate: 4\n"
      "  ema: 0.99\n"
      "  early_stopping: {patience: 3, min_delta: 0.1, metric: accuracy}\n"
      "  precision: bf16\n"
      "  deterministic: yes\n"
      "  non_finite: skip\n",
      kValidate);
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  const TrainingOptions& options = kurfile->sections().train->options;
  ASSERT_NE(options.schedule, nullptr);
  EXPECT_EQ(options.schedule->kind(), "warmup");
  EXPECT_EQ(options.accumulate, 4);
  EXPECT_EQ(options.ema->decay, 0.99);
  EXPECT_EQ(options.early_stopping->metric, "accuracy");
  EXPECT_EQ(options.early_stopping->min_delta, 0.1);
  EXPECT_EQ(options.precision, "bf16");
  EXPECT_TRUE(options.deterministic);
  EXPECT_EQ(options.non_finite, "skip");
}

TEST(TrainingOptionsTest, SayWhatTheyLack) {
  EXPECT_THAT(Error("  schedule: reduce_on_plateau\n"),
              HasSubstr("k.yml:18:13: error: train.schedule: follows the validation loss, but "
                        "there is no section 'validate'"));
  EXPECT_THAT(Error("  early_stopping: 3\n"),
              HasSubstr("train.early_stopping: watches validations"));
  EXPECT_THAT(Error("  schedule: {name: warmup, length: 2, then: cosine}\n"),
              HasSubstr("train.schedule: needs to know where training ends"));
  EXPECT_THAT(Error("  precision: float16\n"), HasSubstr("must be one of: float32, bf16, fp16"));
  EXPECT_THAT(Error("  ema: 1\n"), HasSubstr("must be at least 0 and less than 1"));
  EXPECT_THAT(Error("  accumulate: 0\n"), HasSubstr("must be at least 1"));
}

TEST(TrainingOptionsTest, EntriesForLayersHaveToFindSome) {
  EXPECT_TRUE(Load("  optimizer: {name: sgd, layers: [{tag: trunk, decay: 0},"
                   " {tag: last, learning_rate: 1}, {name: y, decay: 0}]}\n")
                  .ok());
  EXPECT_THAT(Error("  optimizer: {name: sgd, layers: [{tag: trnk, decay: 0}]}\n"),
              HasSubstr("train.optimizer.layers[0]: no layer with weights to train has the tag "
                        "'trnk'; did you mean 'trunk'?"));
  EXPECT_THAT(Error("  optimizer: {name: sgd, layers: [{name: 'z*', decay: 0}]}\n"),
              HasSubstr("has the name 'z*'"));
  EXPECT_THAT(Error("  optimizer: {name: sgd, layers: [{name: y, tag: z, decay: 0}]}\n"),
              HasSubstr("give either 'name' or 'tag'"));
  EXPECT_THAT(Error("  optimizer: {name: sgd, layers: [{name: y}]}\n"),
              HasSubstr("changes nothing: give 'learning_rate' or 'decay'"));
}

TEST(TrainingOptionsTest, TagsOfAnOperatorAreThoseOfItsLayers) {
  const auto kurfile = Load("");
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  EXPECT_THAT(kurfile->plan().layers[1].tags, ElementsAre("trunk"));
  EXPECT_THAT(kurfile->plan().layers[2].tags, ElementsAre("trunk"));
  EXPECT_THAT(kurfile->plan().Find("y")->tags, ElementsAre("head", "last"));
}

TEST(TrainingOptionsTest, PlaceholdersOfPathsAreKnown) {
  EXPECT_TRUE(Load("  weights: {last: '${EPOCH}-${TIMESTAMP}.w'}\n").ok());
  EXPECT_THAT(Error("  weights: {last: '${EPOCHS}.w'}\n"),
              HasSubstr("train.weights.last: unknown placeholder '${EPOCHS}' in the path; did you "
                        "mean 'EPOCH'?"));
  EXPECT_THAT(Error("  checkpoint: {path: 'c/${EPOCH'}\n"),
              HasSubstr("train.checkpoint.path: '${' without '}' in the path"));
  EXPECT_THAT(Error("  weights: {last: 'train${EPOCH}.pkl'}\n", ""),
              Not(HasSubstr("would overwrite")));
  EXPECT_THAT(Error("  weights: {last: 'trai${EPOCH}.pkl'}\n"),
              HasSubstr("would overwrite 'trai${EPOCH}.pkl', which train.data[0].pickle"));
}

}  // namespace
}  // namespace kur
