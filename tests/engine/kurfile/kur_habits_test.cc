// Input that Kur accepts, and that Kurfiles use, where a stricter reader would refuse.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
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
  KurfileOptions options;
  options.display_root = dir.path();
  return Kurfile::Load(dir.Write("k.yml", text), options);
}

std::string ErrorOf(const std::string& text) { return std::string(Load(text).status().message()); }

std::vector<std::string> Warnings(const Kurfile& kurfile) {
  std::vector<std::string> texts;
  for (const Diagnostic& warning : kurfile.warnings()) texts.push_back(warning.ToString());
  return texts;
}

std::vector<std::string> LayerNames(const Kurfile& kurfile) {
  std::vector<std::string> names;
  for (const PlannedLayer& layer : kurfile.plan().layers) names.push_back(layer.name);
  return names;
}

// Returns a Kurfile that trains, with more keys under `train`.
std::string Training(const std::string& more) {
  return absl::StrCat(R"(
model: [{input: {shape: [4]}, name: x}, {dense: 3, name: y}]
loss: [{target: y, name: mean_squared_error}]
train:
  data: [{pickle: p.pkl}]
)",
                      more);
}

TEST(KurHabitsTest, NullStandsForTheDefaultOfAKeyThatMayBeLeftOut) {
  const auto kurfile = Load(R"(
model:
  - input: {shape: [8, 8, 2]}
    name: x
    tag:
    sink:
  - convolution: {kernels: 2, size: [3, 3], border: , strides: , bias: }
  - pool: {size: [2, 2], type: , border: }
    name: pooled
  - merge:
    inputs: [pooled, pooled]
  - activation:
  - flatten:
  - dense: {size: 3, highway: }
    name: y
loss: [{target: y, name: mean_squared_error, weight: }]
train:
  data: [{pickle: p.pkl}]
  provider: {batch_size: , randomize: , name: }
  optimizer: {name: sgd, learning_rate: , momentum: , clip: }
  log: {name: , path: log, keep_batch: }
  epochs: {number: 3, mode: total}
  stop_when: {elapsed: {hours: 1, days: , clock: }, mode: }
  checkpoint: {path: c, epochs: 1, validation: }
  weights: {initial: w, must_exist: }
evaluate: {data: [{pickle: e.pkl}], destination: {path: r.pkl, format: }}
)");
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  const TrainSection& train = *kurfile->sections().train;
  EXPECT_EQ(train.data.provider.batch_size, ProviderOptions().batch_size);
  EXPECT_TRUE(train.data.provider.randomize.on);
  EXPECT_EQ(train.optimizer->learning_rate, 0.01);
  EXPECT_TRUE(train.log->keep_batch);
  EXPECT_EQ(train.stop.seconds, 3600);
  EXPECT_TRUE(train.stop.total);
  EXPECT_FALSE(train.checkpoint->validate);
  EXPECT_EQ(kurfile->sections().evaluate->destination->format, "auto");
  EXPECT_EQ(ToString(kurfile->plan().Find("pooled")->shape), "(7, 7, 2)");
}

TEST(KurHabitsTest, NullIsNoValueOfARequiredKey) {
  EXPECT_THAT(
      ErrorOf("model: [{input: x}, {dense: {size: }}]"),
      HasSubstr("k.yml:1:36: error: model[1].dense.size: expected an integer, got nothing"));
  EXPECT_THAT(ErrorOf("model: [{input: x}, {dropout: }]"), HasSubstr("got nothing"));
}

TEST(KurHabitsTest, NamesThatKurComparesWithoutCaseMayBeWrittenInAny) {
  const auto kurfile = Load(R"(
model:
  - input: {shape: [8, 8, 2]}
    name: x
  - pool: {size: [2, 2], type: Average, border: SAME}
    name: a
  - merge: Add
    inputs: [a, a]
  - parallel: {apply: [flatten]}
  - recurrent: {size: 4, type: LSTM, bidirectional: yes, merge: Multiply, sequence: no}
  - activation: ReLU
    name: y
loss: [{target: y, name: Mean_Squared_Error}]
train:
  data: [{pickle: p.pkl}]
  provider: {name: Batch_Provider}
  optimizer: Adam
  log: {name: Binary, path: log}
)");
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  EXPECT_EQ(kurfile->sections().losses[0]->kind(), "mean_squared_error");
  EXPECT_EQ(kurfile->sections().train->optimizer->kind(), "adam");
  EXPECT_EQ(kurfile->sections().train->data.provider.name, "batch_provider");
  // The canonical spelling: LSTM has four gates, multiply keeps the size.
  EXPECT_EQ(kurfile->plan().layers[4].parameters, 2 * 4 * 4 * (16 + 4 + 2));
  EXPECT_THAT(ErrorOf(Training("  optimizer: Adamm\n")), HasSubstr("did you mean 'adam'?"));
  // Kur compares these keys case-sensitively.
  EXPECT_THAT(ErrorOf("model: [{Input: x}]"), HasSubstr("unknown layer or key 'Input'"));
}

TEST(KurHabitsTest, SinkMayBeAText) {
  for (const char* yes : {"yes", "'yes'", "'On'", "'TRUE'", "\"{{ 'yes' }}\""}) {
    SCOPED_TRACE(yes);
    const auto kurfile =
        Load(absl::StrCat("model: [{input: {shape: [4]}, name: x}, {dense: 3, name: a, sink: ", yes,
                          "}, {dense: 2, name: b, sink: 'off'}]"));
    ASSERT_TRUE(kurfile.ok()) << kurfile.status();
    EXPECT_EQ(kurfile->plan().outputs.size(), 2U);
  }
  EXPECT_THAT(ErrorOf("model: [{input: x, sink: maybe}]"),
              HasSubstr("model[0].sink: expected yes or no, got \"maybe\""));
}

TEST(KurHabitsTest, ForEachGoesThroughWhateverPythonWould) {
  const auto names = [](const std::string& items) {
    const auto kurfile =
        Load(absl::StrCat("settings: {table: {left: 1, right: 2}}\n"
                          "model: [{input: {shape: [4]}, name: x}, {for_each: {items: ",
                          items, ", iterate: [{dense: 2, name: \"d{{ item }}\"}]}}]"));
    EXPECT_TRUE(kurfile.ok()) << kurfile.status();
    return kurfile.ok() ? LayerNames(*kurfile) : std::vector<std::string>();
  };
  EXPECT_THAT(names("[1, b]"), ElementsAre("x", "d1", "db"));
  EXPECT_THAT(names("{left: 1, right: 2}"), ElementsAre("x", "dleft", "dright"));
  EXPECT_THAT(names("\"{{ table }}\""), ElementsAre("x", "dleft", "dright"));
  EXPECT_THAT(names("aé"), ElementsAre("x", "da", "dé"));
  EXPECT_THAT(ErrorOf("model: [{input: x}, {for_each: {items: 3, iterate: []}}]"),
              HasSubstr("items: expected a list, a dictionary or a text, got 3"));
}

TEST(KurHabitsTest, SuppliersMayHaveANameForMessages) {
  const auto kurfile = Load(absl::StrReplaceAll(
      Training(""), {{"{pickle: p.pkl}", "{pickle: p.pkl, name: digits}, {pickle: q.pkl}"}}));
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  const auto& suppliers = kurfile->sections().train->data.sets[0].suppliers;
  EXPECT_EQ(suppliers[0]->key, "train.data[0 'digits'].pickle");
  EXPECT_EQ(suppliers[1]->key, "train.data[1].pickle");
  EXPECT_THAT(ErrorOf(absl::StrReplaceAll(Training(""), {{"p.pkl}", "p.pkl, name: [a]}"}})),
              HasSubstr("train.data[0].name: expected a name, got [\"a\"]"));
}

TEST(KurHabitsTest, WhatIsEmptyLeavesASupplierOut) {
  for (const char* when : {"[]", "{}", "0", "''", "no", "~"}) {
    SCOPED_TRACE(when);
    const auto kurfile = Load(absl::StrReplaceAll(
        Training(""),
        {{"{pickle: p.pkl}", absl::StrCat("{pickle: p.pkl}, {pickle: q.pkl, when: ", when, "}")}}));
    ASSERT_TRUE(kurfile.ok()) << kurfile.status();
    EXPECT_EQ(kurfile->sections().train->data.sets[0].suppliers.size(), 1U);
  }
}

TEST(KurHabitsTest, TheOlderPlaceOfTheCheckpointIsUsedWhereThereIsNoOther) {
  const auto older = Load(Training("  weights: {initial: w, checkpoint: {path: c, epochs: 2}}\n"));
  ASSERT_TRUE(older.ok()) << older.status();
  EXPECT_EQ(older->sections().train->checkpoint->path.path, "c");
  EXPECT_EQ(older->sections().train->checkpoint->epochs, 2);
  EXPECT_THAT(
      Warnings(*older),
      ElementsAre("k.yml:6:37: warning: train.weights.checkpoint: is now called train.checkpoint; "
                  "move it"));
  const auto both = Load(Training("  weights: {checkpoint: old}\n  checkpoint: new\n"));
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(both->sections().train->checkpoint->path.path, "new");
  EXPECT_THAT(Warnings(*both), ElementsAre(HasSubstr("is not used, as there is train.checkpoint")));
  EXPECT_THAT(ErrorOf("model: [{input: x}]\ntest: {data: [{pickle: p}], weights: {checkpoint: c}}"),
              HasSubstr("unknown key \"checkpoint\""));
}

TEST(KurHabitsTest, LossesKnowTheNamesOfTheModel) {
  const auto kurfile = Load(R"(
loss:
  - target: "{{ layers | last }}"
    name: mean_squared_error
    weight: "{{ 2 if tags.head == 'y' and oldest.head == 'h' else 1 }}"
model: [{input: {shape: [4]}, name: x}, {dense: 3, name: h, tag: head, oldest: head},
        {dense: 3, name: y, tag: head, oldest: head}]
)");
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  EXPECT_EQ(kurfile->sections().losses[0]->target, "y");
  EXPECT_EQ(kurfile->sections().losses[0]->weight, 2);
  // The names may be missing because of the errors in the model.
  EXPECT_THAT(ErrorOf("model: [{input: x}, {dense: 3, tga: head}]\n"
                      "loss: [{target: '{{ tags.head }}', name: mean_squared_error}]"),
              AllOf(HasSubstr("did you mean 'tag'?"), Not(HasSubstr("loss"))));
}

TEST(KurHabitsTest, TheLastLossOfAnOutputCounts) {
  const auto kurfile = Load(R"(
model: [{input: {shape: [4]}, name: x}, {dense: 3, name: y}]
loss:
  - {target: y, name: mean_squared_error, weight: 2}
  - {target: y, name: mean_squared_error, weight: 3}
)");
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  ASSERT_EQ(kurfile->sections().losses.size(), 1U);
  EXPECT_EQ(kurfile->sections().losses[0]->weight, 3);
  EXPECT_THAT(Warnings(*kurfile),
              ElementsAre("k.yml:5:5: warning: loss[1]: a second loss for the output 'y': it "
                          "replaces the one at k.yml:4:5; remove one of them"));
}

TEST(KurHabitsTest, TemplatesSeeTheKurfileAsItIsAndAsItWas) {
  const auto kurfile = Load(R"(
settings: {n: "{{ 1 + 1 }}", back: "{{ raw.settings.n }}"}
training:
  data: [{pickle: p.pkl}]
  epochs: "{{ n + 1 }}"
  checkpoint: {path: "{{ training.data[0].pickle }}.c", epochs: "{{ parsed.settings.n }}"}
test:
  data: [{pickle: t.pkl}]
  weights: "{{ filename }}-{{ training.epochs }}-{{ train.epochs }}-{{ parsed.train.epochs }}"
model: [{input: x}, {dense: "{{ parsed.training.epochs }}", name: y},
        {dense: "{{ raw.training.data | length }}"}]
)");
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  EXPECT_EQ(*kurfile->evaluated().Find("settings")->Find("back"), Value(2));
  EXPECT_EQ(kurfile->sections().train->checkpoint->path.path, "p.pkl.c");
  EXPECT_EQ(kurfile->sections().train->checkpoint->epochs, 2);
  EXPECT_EQ(kurfile->sections().test->weights->path, "k.yml-3-3-3");
  // Consequences of an error are not reported.
  EXPECT_THAT(ErrorOf("settings: {a: '{{ b }}'}\nmodel: [{input: x}, {dense: '{{ parsed.c }}'}]"),
              AllOf(HasSubstr("settings.a"), Not(HasSubstr("dense"))));
}

TEST(KurHabitsTest, ALogInMemoryIsNeverWritten) {
  const auto kurfile = Load(Training("  log: {name: Memory}\n"));
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  EXPECT_FALSE(kurfile->sections().train->log.has_value());
  EXPECT_THAT(kurfile->Outputs(Mode::kTrain), IsEmpty());
  EXPECT_THAT(Warnings(*kurfile), IsEmpty());
  EXPECT_THAT(ErrorOf(Training("  log: {name: memory, paht: x}\n")),
              HasSubstr("did you mean 'path'?"));
  EXPECT_THAT(ErrorOf(Training("  log: {name: binary}\n")),
              HasSubstr("train.log: missing key 'path'"));
}

}  // namespace
}  // namespace kur
