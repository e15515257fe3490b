// Warnings about what is legal but surely not meant, and errors about paths.

#include "engine/kurfile/lint.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/kurfile.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

absl::StatusOr<Kurfile> Load(const std::string& text) {
  const TemporaryDirectory dir;
  dir.Write("k.yml", text);
  return Kurfile::Load(dir.path() + "/k.yml");
}

std::vector<std::string> Warnings(const std::string& text) {
  const auto kurfile = Load(text);
  EXPECT_TRUE(kurfile.ok()) << kurfile.status();
  std::vector<std::string> messages;
  if (!kurfile.ok()) return messages;
  for (const Diagnostic& warning : kurfile->warnings()) {
    messages.push_back(absl::StrCat(warning.path, ": ", warning.message));
  }
  return messages;
}

std::string Errors(const std::string& text) { return std::string(Load(text).status().message()); }

constexpr char kSound[] = R"(
model: [{input: {shape: [4]}, name: x}, {dense: 3}, {activation: softmax, name: y}]
loss: [{target: y, name: categorical_crossentropy}]
train: {data: [{pickle: p.pkl}], stop_when: {epochs: 3}, checkpoint: {path: c, epochs: 2}}
)";

TEST(LintTest, ASoundKurfileGivesNoWarnings) { EXPECT_THAT(Warnings(kSound), IsEmpty()); }

TEST(LintTest, ALossThatDoesNotSuitItsOutput) {
  EXPECT_THAT(Warnings(R"(
model: [{input: {shape: [4]}, name: x}, {dense: 3}, {activation: softmax}, {output: y}]
loss: [{target: y, name: mean_squared_error}]
)"),
              ElementsAre(HasSubstr("loss[0]: 'y' is a softmax")));
  EXPECT_THAT(Warnings(R"(
model: [{input: {shape: [4]}, name: x}, {dense: 3, name: y}]
loss: [{target: y, name: categorical_crossentropy}]
)"),
              ElementsAre(HasSubstr("'y' is no softmax")));
}

TEST(LintTest, TrainingWithoutALoss) {
  EXPECT_THAT(Warnings(R"(
model: [{input: {shape: [4]}, name: x}, {dense: 3, name: y}]
train: {data: [{pickle: p.pkl}]}
)"),
              ElementsAre("train: there is no section 'loss': the model cannot be trained"));
}

TEST(LintTest, ALossThatComparesOtherProbabilities) {
  const auto warnings = [](const std::string& activation, const std::string& loss) {
    return Warnings(absl::StrCat(
        "model: [{input: {shape: [4]}, name: x}, {dense: 3}, {activation: ", activation,
        ", name: y}]\nloss: [{target: y, name: ", loss, "}]"));
  };
  EXPECT_THAT(warnings("sigmoid", "binary_crossentropy"), IsEmpty());
  EXPECT_THAT(warnings("softmax", "sparse_categorical_crossentropy"), IsEmpty());
  EXPECT_THAT(warnings("softmax", "binary_crossentropy"),
              ElementsAre(HasSubstr("binary_crossentropy compares probabilities, but 'y' is no "
                                    "sigmoid; end it with 'activation: sigmoid'")));
  EXPECT_THAT(warnings("sigmoid", "sparse_categorical_crossentropy"),
              ElementsAre(HasSubstr("'y' is no softmax")));
  EXPECT_THAT(warnings("softmax", "huber"), ElementsAre(HasSubstr("huber trains badly")));
}

TEST(LintTest, ALossThatCannotBeThatOfItsOutput) {
  EXPECT_THAT(Errors(R"(
model: [{input: {shape: [4]}, name: x}, {dense: 3}, {activation: softmax, name: y}]
loss: [{target: y, name: ctc, input_length: a, output_length: b, output: c}]
)"),
              HasSubstr("loss[0]: the output 'y' is (3,), but ctc needs (time, symbols + 1)"));
  EXPECT_THAT(Errors(R"(
model: [{input: {shape: [9, 4]}, name: spoken}, {dense: 3}, {activation: softmax, name: y}]
loss: [{target: y, name: ctc, input_length: a, output_length: b, output: c, relative_to: spokn}]
)"),
              HasSubstr("loss[0].relative_to: the model has no layer 'spokn'; did you mean "
                        "'spoken'?"));
}

// A length that is scaled from what is not before the output would silently become the whole
// length.
TEST(LintTest, LengthsAreRelativeToALayerBeforeTheOutput) {
  const auto errors = [](const std::string& relative_to) {
    return Errors(R"(
model:
  - input: spoken
  - input: aside
  - convolution: {kernels: 2, size: 3}
    name: heard
    inputs: spoken
  - dense: 3
  - activation: softmax
    name: y
  - dense: 2
    name: z
    inputs: aside
    sink: yes
loss:
  - {target: z, name: mse}
  - {target: y, name: ctc, input_length: a, output_length: b, output: c, relative_to: )" +
                  relative_to + "}\n");
  };
  // Also where the data tells the shapes.
  EXPECT_THAT(errors("input"), HasSubstr("relative_to: the model has no layer 'input'"));
  EXPECT_THAT(errors("aside"), HasSubstr("'y' does not depend on the layer 'aside'"));
  for (const char* layer : {"spoken", "heard", "y"}) {
    EXPECT_THAT(errors(layer), testing::Not(HasSubstr("relative_to"))) << layer;
  }
}

TEST(LintTest, OutputsAndInputsThatNothingUses) {
  EXPECT_THAT(Warnings(R"(
model:
  - input: {shape: [4]}
    name: unused
  - input: {shape: [4]}
    name: x
  - dense: 3
    name: extra
  - dense: 3
    inputs: x
  - activation: softmax
    name: y
loss: [{target: y, name: categorical_crossentropy}]
)"),
              ElementsAre(HasSubstr("no layer uses the input 'unused'"),
                          HasSubstr("the output 'extra' has no loss")));
}

TEST(LintTest, LabelsOfAnotherWidthThanTheOutput) {
  EXPECT_THAT(Warnings(R"(
model: [{input: images}, {flatten: }, {dense: 7}, {activation: softmax, name: labels}]
loss: [{target: labels, name: categorical_crossentropy}]
train:
  data: [{mnist: {images: train-images-idx3-ubyte.gz, labels: train-labels-idx1-ubyte.gz}}]
)"),
              ElementsAre(HasSubstr("loss[0].target: the output 'labels' is (7,), so that "
                                    "categorical_crossentropy needs samples of (7,) in the data of "
                                    "the name 'labels', but they are (10,)")));
}

TEST(LintTest, CheckpointsThatNeverCome) {
  const auto warnings = [](const std::string& train) {
    return Warnings(absl::StrCat("model: [{input: {shape: [4]}, name: x}, {dense: 3, name: y}]\n",
                                 "loss: [{target: y, name: mean_squared_error}]\n",
                                 "train: {data: [{pickle: p.pkl}], ", train, "}\n"));
  };
  EXPECT_THAT(warnings("stop_when: {epochs: 3}, checkpoint: {path: c, epochs: 4}"),
              ElementsAre(HasSubstr("comes every 4 epochs, training ends after 3")));
  EXPECT_THAT(warnings("stop_when: {epochs: 3}, provider: {num_batches: 5}, "
                       "checkpoint: {path: c, batches: 16}"),
              ElementsAre(HasSubstr("comes every 16 batches, training ends after 15")));
  EXPECT_THAT(warnings("stop_when: {epochs: 3}, provider: {num_batches: 5}, "
                       "checkpoint: {path: c, batches: 15}"),
              IsEmpty());
  EXPECT_THAT(warnings("stop_when: {epochs: 3}, checkpoint: {path: c, batches: 16}"), IsEmpty());
  EXPECT_THAT(warnings("checkpoint: {path: c, epochs: 400}"), IsEmpty());
  EXPECT_THAT(warnings("stop_when: {epochs: 3}, checkpoint: {path: c, epochs: 4, minutes: 1}"),
              IsEmpty());
}

TEST(LintTest, NothingToTrain) {
  EXPECT_THAT(Warnings(R"(
model: [{input: {shape: [4]}, name: x}, {dense: 3, name: y, freeze: yes}]
loss: [{target: y, name: mean_squared_error}]
train: {data: [{pickle: p.pkl}]}
)"),
              ElementsAre(HasSubstr("no weights that are not frozen")));
}

TEST(LintTest, EpochsThatStopWhenOverrules) {
  EXPECT_THAT(Warnings(R"(
model: [{input: {shape: [4]}, name: x}, {dense: 3, name: y}]
loss: [{target: y, name: mean_squared_error}]
train: {data: [{pickle: p.pkl}], epochs: 3, stop_when: {epochs: 4}}
)"),
              ElementsAre(HasSubstr("train.epochs: is not used")));
}

std::string WithPaths(const std::string& train, const std::string& evaluate) {
  return absl::StrCat("model: [{input: {shape: [4]}, name: x}, {dense: 3, name: y}]\n",
                      "loss: [{target: y, name: mean_squared_error}]\n",
                      "train: {data: [{pickle: p.pkl}], ", train, "}\n",
                      "evaluate: {data: [{pickle: p.pkl}], weights: b.kur, ", evaluate, "}\n");
}

TEST(PathConflictsTest, ResultsDoNotOverwriteWhatTheyAreMadeFrom) {
  EXPECT_THAT(Errors(WithPaths("log: l", "destination: ./b.kur")),
              HasSubstr("evaluate.destination: would overwrite './b.kur', which "));
  EXPECT_THAT(Errors(WithPaths("weights: {last: p.pkl}", "destination: r.pkl")),
              HasSubstr("train.weights.last: would overwrite 'p.pkl'"));
  EXPECT_EQ(Errors(WithPaths("weights: {initial: w, last: w}", "destination: r.pkl")), "");
}

TEST(PathConflictsTest, AFileIsNoFolder) {
  EXPECT_THAT(Errors(WithPaths("weights: {last: c, best: c/d}", "destination: r.pkl")),
              HasSubstr("would stand in 'c', which is a file: train.weights.last"));
  EXPECT_EQ(Errors(WithPaths("log: l, weights: {last: l/w}", "destination: r.pkl")), "");
}

TEST(PathConflictsTest, OutputsOfOnePathAreWarnedOf) {
  EXPECT_THAT(Warnings(WithPaths("weights: {last: w, best: w}", "destination: r.pkl")),
              ElementsAre(HasSubstr("has the same path as train.weights.best")));
}

TEST(LintTest, ATextThatLooksLikeASecret) {
  const std::string text = absl::StrCat(
      "settings: {hook: &hook \"https://hooks.slack.com/services/T0/B0/XXXXXXXX\", "
      "again: *hook}",
      kSound);
  const auto kurfile = Load(text);
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  ASSERT_EQ(kurfile->warnings().size(), 1u);
  const Diagnostic& warning = kurfile->warnings().front();
  EXPECT_EQ(warning.path, "settings.hook");
  EXPECT_EQ(warning.location.line, 1);
  EXPECT_EQ(warning.location.column, 18);
  EXPECT_THAT(warning.message, HasSubstr("looks like the address of a webhook"));
  EXPECT_THAT(warning.message, HasSubstr("kurctl secret set NAME"));
  EXPECT_THAT(warning.ToString(), Not(HasSubstr("XXXX")));
}

TEST(LintTest, AnOverrideThatLooksLikeASecretIsNotRepeated) {
  const TemporaryDirectory dir;
  KurfileOptions options;
  for (const std::string value : {"xoxb-123456789012-abcdef", "[xoxb-123456789012-abcdef"}) {
    options.overrides = {"settings.token=" + value};
    const auto kurfile = Kurfile::Load(dir.Write("k.yml", kSound), options);
    if (!kurfile.ok()) {
      EXPECT_THAT(std::string(kurfile.status().message()), Not(HasSubstr("123456789012")));
      continue;
    }
    ASSERT_EQ(kurfile->warnings().size(), 1u);
    EXPECT_THAT(kurfile->warnings().front().ToString(),
                AllOf(HasSubstr("--set settings.token=***"), Not(HasSubstr("123456789012"))));
  }
}

}  // namespace
}  // namespace kur
