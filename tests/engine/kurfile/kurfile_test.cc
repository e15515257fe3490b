#include "engine/kurfile/kurfile.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "engine/kurfile/specs/supplier_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kTutorial[] = R"(
model:
  - input: point
  - dense: 128
  - activation: tanh
  - dense: 1
  - activation: tanh
    name: above
train:
  data:
    - pickle: train.pkl
  epochs: 10
  weights: best.w
  log: tutorial-log
validate:
  data:
    - pickle: validate.pkl
  weights: best.w
test:
  data:
    - pickle: test.pkl
  weights: best.w
evaluate:
  data:
    - pickle: evaluate.pkl
  weights: best.w
  destination: output.pkl
loss:
  - target: above
    name: mean_squared_error
)";

constexpr char kImages[] = R"(
settings:
  cnn:
    kernels: [64, 32]
    size: [3, 3]
model:
  - input: images
  - for:
      range: "{{ cnn.kernels|length }}"
      iterate:
        - convolution:
            kernels: "{{ cnn.kernels[index] }}"
            size: "{{ cnn.size }}"
        - activation: relu
  - flatten:
  - dense: 10
  - activation: softmax
    name: labels
train:
  data:
    - cifar: {path: cifar.tar.gz, parts: [1, 2]}
  optimizer: {name: sgd, learning_rate: "{{ 0.1 / 10 }}", momentum: 0.9}
loss:
  - target: labels
    name: categorical_crossentropy
)";

absl::StatusOr<Kurfile> Load(const std::string& text, std::vector<std::string> overrides = {}) {
  const TemporaryDirectory dir;
  KurfileOptions options;
  options.display_root = dir.path();
  options.overrides = std::move(overrides);
  return Kurfile::Load(dir.Write("k.yml", text), options);
}

std::string ErrorOf(const std::string& text, std::vector<std::string> overrides = {}) {
  return std::string(Load(text, std::move(overrides)).status().message());
}

std::string Replaced(const char* text, const std::string& from, const std::string& to) {
  EXPECT_THAT(text, HasSubstr(from));
  return absl::StrReplaceAll(text, {{from, to}});
}

std::vector<std::string> Paths(const std::vector<FileReference>& files) {
  std::vector<std::string> paths;
  for (const FileReference& file : files) paths.push_back(file.path);
  return paths;
}

TEST(KurfileTest, ReadsTheTutorial) {
  const auto kurfile = Load(kTutorial);
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  const Sections& sections = kurfile->sections();
  EXPECT_EQ(sections.train->stop.epochs, 10);
  EXPECT_EQ(sections.train->optimizer->kind(), "adam");
  EXPECT_EQ(sections.train->weights.initial->path, "best.w");
  EXPECT_FALSE(sections.train->weights.initial->must_exist);
  // Validation writes the best weights, so training does not.
  EXPECT_FALSE(sections.train->weights.best.has_value());
  EXPECT_EQ(sections.validate->best->path, "best.w");
  EXPECT_EQ(sections.evaluate->destination->path.path, "output.pkl");
  EXPECT_THAT(Paths(kurfile->Inputs(Mode::kTrain)),
              ElementsAre("train.pkl", "validate.pkl", "best.w"));
  EXPECT_THAT(Paths(kurfile->Outputs(Mode::kTrain)), ElementsAre("tutorial-log", "best.w"));
  EXPECT_THAT(Paths(kurfile->Inputs(Mode::kEvaluate)), ElementsAre("evaluate.pkl", "best.w"));
  EXPECT_THAT(Paths(kurfile->Outputs(Mode::kEvaluate)), ElementsAre("output.pkl"));
}

TEST(KurfileTest, WithoutValidationAPlainWeightsPathKeepsTheBestTrainingWeights) {
  const auto kurfile = Load(Replaced(kTutorial, "  weights: best.w\ntest:", "test:"));
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  EXPECT_EQ(kurfile->sections().train->weights.best->path, "best.w");
}

TEST(KurfileTest, EvaluatesSettingsAndUnrollsLoops) {
  const auto kurfile = Load(kImages);
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  const ModelPlan& plan = kurfile->plan();
  std::vector<std::string> layers;
  for (const PlannedLayer& layer : plan.layers) {
    layers.push_back(absl::StrCat(layer.name, " ", layer.kind, " ", ToString(layer.shape), " ",
                                  layer.parameters));
  }
  EXPECT_THAT(
      layers,
      ElementsAre("images input (32, 32, 3) 0", "..convolution.0 convolution (32, 32, 64) 1792",
                  "..activation.0 activation (32, 32, 64) 0",
                  "..convolution.1 convolution (32, 32, 32) 18464",
                  "..activation.1 activation (32, 32, 32) 0", "..flatten.0 flatten (32768,) 0",
                  "..dense.0 dense (10,) 327690", "labels activation (10,) 0"));
  EXPECT_EQ(plan.parameters, 347946);
  EXPECT_EQ(kurfile->sections().train->optimizer->kind(), "sgd");
  EXPECT_DOUBLE_EQ(kurfile->sections().train->optimizer->learning_rate, 0.01);
}

TEST(KurfileTest, OverridesComeBeforeEvaluation) {
  const auto kurfile = Load(kImages, {"settings.cnn.kernels=[8]", "train.epochs=3"});
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  EXPECT_EQ(kurfile->plan().layers.size(), 6u);
  EXPECT_EQ(kurfile->sections().train->stop.epochs, 3);
}

TEST(KurfileTest, UnknownShapesStayUnknown) {
  const auto kurfile = Load(kTutorial);
  ASSERT_TRUE(kurfile.ok());
  EXPECT_FALSE(kurfile->plan().layers[1].shape_known);
  EXPECT_EQ(kurfile->plan().parameters, kUnknown);
}

TEST(KurfileTest, ReportsAllErrorsTogetherWithPlacesAndNames) {
  const std::string error = ErrorOf(R"(
model:
  - input: images
  - dens: 10
  - convolution: {kernels: ten, size: [3, 3], stride: 2}
train:
  data: [{picle: train.pkl}]
  epochs: -1
  optimiser: adam
trian: {}
)");
  EXPECT_THAT(error, HasSubstr("k.yml:4:5: error: model[1]: unknown layer or key 'dens'; did you "
                               "mean 'dense'?"));
  EXPECT_THAT(error, HasSubstr("model[2].convolution.kernels: expected an integer, got \"ten\""));
  EXPECT_THAT(error, HasSubstr("unknown key \"stride\"; did you mean 'strides'?"));
  EXPECT_THAT(error, HasSubstr("unknown supplier 'picle'; did you mean 'pickle'?"));
  EXPECT_THAT(error, HasSubstr("k.yml:8:11: error: train.epochs: must be 0 or greater"));
  EXPECT_THAT(error, HasSubstr("unknown key \"optimiser\"; did you mean 'optimizer'?"));
  EXPECT_THAT(error, HasSubstr("unknown section 'trian'; did you mean 'train'?"));
}

TEST(KurfileTest, EveryStageIsCheckedAndErrorsAreInTheOrderOfTheFile) {
  const std::string error = ErrorOf(R"(
settings:
  width: "{{ nowhere }}"
  twice: "{{ width * 2 }}"
  depth: 3
model:
  - input: {shape: [4, 4, 1]}
    name: images
  - dense: ten
    name: hidden
  - dense: 5
    inputs: hidden
  - dense: 3
    inputs: hiden
  - convolution: {kernels: 1, size: [5, 5], border: valid}
    inputs: images
  - reuse: absent
  - dense: "{{ width }}"
  - dense: 1
    name: images
  - dense: 1
    name: a
    inputs: b
  - dense: 1
    name: b
    inputs: a
  - dense: "{{ depth }}"
    inputs: images
    name: labels
train:
  data: [{pickle: a.pkl}]
  log: "{{ width }}"
  epochs: -1
loss:
  - target: label
    name: mean_squared_error
)");
  std::vector<std::string> lines = absl::StrSplit(error, '\n');
  for (std::string& line : lines) line = line.substr(line.find("k.yml"));
  EXPECT_THAT(
      lines,
      ElementsAre(
          HasSubstr("k.yml:3:10: error: settings.width: 'nowhere' is undefined"),
          HasSubstr("k.yml:9:12: error: model[1].dense: expected an integer, got \"ten\""),
          HasSubstr("k.yml:14:13: error: model[3].dense: there is no layer 'hiden' to take as "
                    "input; did you mean 'hidden'?"),
          HasSubstr("k.yml:15:5: error: model[4].convolution: a window of 5 does not fit"),
          HasSubstr("k.yml:17:5: error: model[5].reuse: there is no layer 'absent' to reuse"),
          HasSubstr("k.yml:19:5: error: model[7].dense: the name 'images' is taken"),
          HasSubstr("k.yml:21:5: error: model[8].dense: inputs go round in a circle: a <- b <- a"),
          HasSubstr("k.yml:35:5: error: loss[0].target: the model has no output 'label'; its "
                    "outputs are: images, labels, b")));
}

TEST(KurfileTest, WhatFollowsFromAnErrorIsNotReportedAgain) {
  // The unknown container may be a template with layers of these names.
  EXPECT_EQ(ErrorOf(R"(
model:
  - input: {shape: [4]}
    name: x
  - blok: {size: 3}
  - dense: 2
  - dense: 2
    inputs: inside
    name: y
  - reuse: inside
loss:
  - {target: z, name: mean_squared_error}
)"),
            "k.yml:5:5: error: model[1]: unknown layer or key 'blok'");
  EXPECT_EQ(ErrorOf(R"(
settings: {sizes: "{{ nowhere }}"}
model:
  - input: x
  - for_each: {items: "{{ sizes }}", iterate: [{dense: "{{ item }}", name: y}]}
  - dense: "{{ settings.sizes[0] }}"
  - dense: 2
    inputs: y
train: {data: [{pickle: "{{ sizes }}"}]}
)"),
            "k.yml:2:19: error: settings.sizes: 'nowhere' is undefined");
  // An error that every iteration repeats is reported once.
  EXPECT_EQ(
      ErrorOf(R"(
model:
  - input: {shape: [4]}
  - for: {range: 3, iterate: [{pool: [2, 2]}, {dense: 3}]}
)"),
      "k.yml:4:32: error: model[1].for.iterate[0].pool: a window of 2 axes needs samples of 3 "
      "axes (the last is the channels), but the input has the shape (4,)");
}

TEST(KurfileTest, ReportsShapesThatDoNotFitWhereTheLayerStands) {
  EXPECT_THAT(ErrorOf(Replaced(kImages, "size: [3, 3]", "size: 3")),
              AllOf(HasSubstr("k.yml:11:11: error: model[1].for.iterate[0].convolution: "),
                    HasSubstr("needs samples of 2 axes"), HasSubstr("(32, 32, 3)")));
  EXPECT_THAT(ErrorOf(R"(
model:
  - input: {shape: [4, 4, 1]}
  - convolution: {kernels: 1, size: [5, 5], border: valid}
)"),
              HasSubstr("a window of 5 does not fit axis 0 of the input (4, 4, 1)"));
}

TEST(KurfileTest, ReportsUndefinedNamesInTemplates) {
  EXPECT_THAT(ErrorOf(Replaced(kImages, "cnn.kernels|length", "cnm.kernels|length")),
              AllOf(HasSubstr("k.yml:9:14: error: "), HasSubstr("'cnm' is undefined")));
}

TEST(KurfileTest, NamesSectionsThatAModeNeeds) {
  const auto kurfile = Load(kImages);
  ASSERT_TRUE(kurfile.ok());
  EXPECT_TRUE(kurfile->CheckMode(Mode::kTrain).ok());
  EXPECT_THAT(std::string(kurfile->CheckMode(Mode::kTest).message()),
              HasSubstr("missing section 'test'"));
}

TEST(KurfileTest, TrainingNeedsAWeightThatIsNotFrozen) {
  const auto frozen = [](const std::string& freeze) {
    const auto kurfile =
        Load(absl::StrReplaceAll(R"(
model:
  - input: {name: x, shape: [4]}
  - {dense: 4, name: shared, freeze: LEFT}
  - {activation: relu, name: y}
  - {dense: 4, inputs: x, name: other}
  - {reuse: shared, inputs: other, name: z}
loss: [{target: TARGET, name: mean_squared_error}]
train: {data: [{pickle: x.pkl}]}
test: {data: [{pickle: x.pkl}]}
)",
                                 {{"LEFT", freeze.substr(0, freeze.find(' '))},
                                  {"TARGET", freeze.substr(freeze.find(' ') + 1)}}));
    EXPECT_TRUE(kurfile.ok()) << kurfile.status();
    EXPECT_TRUE(kurfile->CheckMode(Mode::kTest).ok());
    return std::string(kurfile->CheckMode(Mode::kTrain).message());
  };
  EXPECT_EQ(frozen("no y"), "");
  EXPECT_THAT(frozen("yes y"),
              AllOf(HasSubstr("k.yml:9:"), HasSubstr("train: there is nothing to train: no layer "
                                                     "that 'y' depends on has weights that are "
                                                     "not frozen")));
  // The layer before the reused one is not frozen.
  EXPECT_EQ(frozen("yes z"), "");
}

TEST(KurfileTest, AcceptsTheOtherNamesOfSections) {
  const auto kurfile = Load(Replaced(kTutorial, "train:\n  data", "training:\n  data"));
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  EXPECT_TRUE(kurfile->sections().train.has_value());
}

TEST(KurfileTest, ALossNeedsAnOutput) {
  EXPECT_THAT(ErrorOf(Replaced(kTutorial, "target: above", "target: abov")),
              HasSubstr("the model has no output 'abov'; its outputs are: above"));
}

TEST(KurfileTest, ReadsDevicesAndSeed) {
  const auto load = [](const std::string& backend) {
    return Load(absl::StrCat("settings: {seed: 7, backend: {", backend, "}}\nmodel: [input: x]\n"));
  };
  const auto selection = load("device: 'gpu2-4,gpu!3', name: keras");
  ASSERT_TRUE(selection.ok()) << selection.status();
  EXPECT_EQ(selection->seed(), 7u);
  EXPECT_EQ(selection->devices().kind, DeviceRequest::Kind::kCuda);
  EXPECT_THAT(selection->devices().allowed, ElementsAre(2, 3, 4));
  EXPECT_THAT(selection->devices().excluded, ElementsAre(3));
  EXPECT_EQ(load("device: cpu")->devices().kind, DeviceRequest::Kind::kCpu);
  EXPECT_EQ(load("name: pytorch")->devices().kind, DeviceRequest::Kind::kAny);
  EXPECT_THAT(std::string(load("device: tpu").status().message()),
              HasSubstr("expected cpu, gpu, or a selection"));
}

TEST(KurfileTest, ReadsEveryFormOfStopWhen) {
  const auto stop = [](const std::string& text) {
    const auto kurfile =
        Load(absl::StrCat("model: [input: x]\ntrain: {data: [{pickle: p}], ", text, "}\n"));
    EXPECT_TRUE(kurfile.ok()) << kurfile.status();
    return kurfile->sections().train->stop;
  };
  EXPECT_FALSE(stop("epochs: infinite").epochs.has_value());
  EXPECT_FALSE(stop("log: x").epochs.has_value());
  EXPECT_EQ(stop("epochs: {number: 4, mode: total}").epochs, 4);
  EXPECT_TRUE(stop("epochs: {number: 4, mode: total}").total);
  EXPECT_EQ(stop("epochs: 4, stop_when: {epochs: 2}").epochs, 2);
  EXPECT_EQ(stop("stop_when: {elapsed: 2}").seconds, 120);
  const StopCondition elapsed =
      stop("stop_when: {elapsed: {days: 1, hours: 1, minutes: 1, clock: train}}");
  EXPECT_EQ(elapsed.seconds, 86400 + 3600 + 60);
  EXPECT_EQ(elapsed.clock, "train");
}

TEST(KurfileTest, ReadsEveryFormOfCheckpoint) {
  const auto checkpoint = [](const std::string& text) {
    const auto kurfile = Load(
        absl::StrCat("model: [input: x]\ntrain: {data: [{pickle: p}], checkpoint: ", text, "}\n"));
    EXPECT_TRUE(kurfile.ok()) << kurfile.status();
    return *kurfile->sections().train->checkpoint;
  };
  EXPECT_EQ(checkpoint("c.w").path.path, "c.w");
  EXPECT_EQ(checkpoint("c.w").epochs, 1);
  const CheckpointSection often = checkpoint("{batches: 10, samples: 1000, validation: 3}");
  EXPECT_EQ(often.path.path, "checkpoint");
  EXPECT_FALSE(often.epochs.has_value());
  EXPECT_EQ(often.batches, 10);
  EXPECT_EQ(often.samples, 1000);
  EXPECT_TRUE(often.validate);
  EXPECT_EQ(often.validation_batches, 3);
  EXPECT_TRUE(checkpoint("{minutes: 1, validation: yes}").validate);
  EXPECT_THAT(ErrorOf("model: [input: x]\ntrain: {data: [{pickle: p}], checkpoint: {batches: 0}}"),
              HasSubstr("train.checkpoint.batches: must be at least 1"));
}

constexpr char kFlowers[] = R"(
model:
  - input: evaluations
  - dense: 3
  - activation: softmax
    name: species
loss: [{target: species, name: categorical_crossentropy}]
train:
  data: &flowers
    - csv: iris.csv
      name: iris
      columns:
        evaluations: {from: [length, width], normalize: standard}
        species: {one_hot: [setosa, versicolor, virginica]}
      split: {train: 0.8, validate: 0.2}
  epochs: 1
validate:
  data: *flowers
)";

TEST(KurfileTest, ColumnsGiveShapesAndSplitsKnowTheirSection) {
  const auto kurfile = Load(kFlowers);
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  EXPECT_EQ(kurfile->plan().parameters, 2 * 3 + 3);
  const auto view = [](const DataSection& data) { return data.sets[0].suppliers[0]->view(); };
  ASSERT_NE(view(kurfile->sections().train->data), nullptr);
  EXPECT_EQ(view(kurfile->sections().train->data)->section, "train");
  EXPECT_EQ(view(kurfile->sections().validate->data)->section, "validate");
  EXPECT_EQ(view(kurfile->sections().train->data)->Files().size(), 1u);
  EXPECT_THAT(ErrorOf(absl::StrReplaceAll(kFlowers, {{"validate: 0.2", "test: 0.2"}})),
              HasSubstr("validate.data[0 'iris'].split: nothing is left for the section "
                        "'validate'; give it a share"));
  EXPECT_THAT(ErrorOf(absl::StrReplaceAll(kFlowers, {{"one_hot", "onehot"}})),
              HasSubstr("k.yml:14:19: error: train.data[0 'iris'].columns.species: unknown key "
                        "\"onehot\"; did you mean 'one_hot'?"));
}

TEST(KurfileTest, LabelsOfAnotherWidthThanTheOutputAreSeen) {
  const auto kurfile = Load(absl::StrReplaceAll(kFlowers, {{", virginica", ""}}));
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  ASSERT_EQ(kurfile->warnings().size(), 1u);
  EXPECT_THAT(kurfile->warnings()[0].message, HasSubstr("species"));
}

TEST(KurfileTest, AKeyOfTheEntryAmongThoseOfItsKindIsToldWhereItBelongs) {
  EXPECT_THAT(
      ErrorOf(R"(
model:
  - input: x
  - dense: {size: 3, name: species}
train:
  data:
    - csv:
        path: iris.csv
        split: {train: 0.8}
loss: [{target: species, name: mean_squared_error}]
)"),
      AllOf(HasSubstr("k.yml:4:22: error: model[1].dense: 'name' is no key of dense but of "
                      "the entry: put it beside 'dense', in the same column"),
            HasSubstr("k.yml:9:9: error: train.data[0].csv: 'split' is no key of csv but of "
                      "the entry"),
            Not(HasSubstr("loss"))));
}

TEST(KurfileTest, AKeyBesideASupplierThatIsMisspelledIsNoSecondSupplier) {
  EXPECT_THAT(ErrorOf(absl::StrReplaceAll(kFlowers, {{"columns:", "colums:"}})),
              HasSubstr("k.yml:12:7: error: train.data[0]: unknown key \"colums\"; did you mean "
                        "'columns'?"));
  EXPECT_THAT(ErrorOf(absl::StrReplaceAll(kFlowers, {{"columns:", "pickle:"}})),
              HasSubstr("one supplier in each entry of the list; begin another entry with '-'"));
}

}  // namespace
}  // namespace kur
