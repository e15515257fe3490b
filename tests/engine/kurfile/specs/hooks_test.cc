// `hooks`: the kinds, the sections that accept them, and their output files.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/kurfile.h"
#include "engine/kurfile/reference/reference.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

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

// Returns a Kurfile with these hooks, a list in YAML, under `section`.
std::string With(const std::string& section, const std::string& hooks) {
  return absl::StrCat(R"(
model: [{input: {shape: [4]}, name: x}, {dense: 3, name: y}]
loss: [{target: y, name: mean_squared_error}]
)",
                      section, ": {data: [{pickle: p.pkl}], hooks: ", hooks, "}\n",
                      section == "validate" ? "train: {data: [{pickle: q.pkl}]}\n" : "");
}

std::string ErrorOf(const std::string& section, const std::string& hooks) {
  return std::string(Load(With(section, hooks)).status().message());
}

std::vector<std::string> Kinds(const HookSpecs& hooks) {
  std::vector<std::string> kinds;
  for (const auto& hook : hooks) kinds.push_back(hook->kind());
  return kinds;
}

std::vector<std::string> Warnings(const Kurfile& kurfile) {
  std::vector<std::string> texts;
  for (const Diagnostic& warning : kurfile.warnings()) {
    texts.push_back(absl::StrCat(warning.path, ": ", warning.message));
  }
  return texts;
}

TEST(HooksTest, TheyAreTheOnesOfKur) {
  std::vector<std::string> names;
  for (const KindInfo& kind : KurfileReference().FindCategory("hook")->kinds) {
    names.push_back(kind.name);
  }
  EXPECT_THAT(names,
              ElementsAre("kurhub", "mnist", "output", "plot", "slack", "text", "transcript"));
}

TEST(HooksTest, AnEntryIsANameOrHasParametersAndACondition) {
  const auto kurfile =
      Load(With("evaluate",
                "[mnist, {Output: {path: a.csv, format: CSV}}, {output: {path: b.pkl}}, "
                "{mnist: , when: []}, {MNIST: {}}]"));
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  EXPECT_THAT(Kinds(kurfile->sections().evaluate->hooks),
              ElementsAre("mnist", "output", "output", "mnist"));
  const auto outputs = kurfile->Outputs(Mode::kEvaluate);
  ASSERT_EQ(outputs.size(), 2U);
  EXPECT_EQ(outputs[0].path, "a.csv");
  EXPECT_EQ(outputs[0].key, "evaluate.hooks[1].Output.path");
  EXPECT_THAT(Warnings(*kurfile), IsEmpty());
}

TEST(HooksTest, MistakesAreShownWhereTheyAre) {
  EXPECT_THAT(ErrorOf("test", "[mnits]"),
              HasSubstr("k.yml:4:41: error: test.hooks[0].mnits: unknown hook 'mnits'; did you "
                        "mean 'mnist'?"));
  EXPECT_THAT(ErrorOf("test", "[{output: {pth: x}}]"), HasSubstr("did you mean 'path'?"));
  EXPECT_THAT(ErrorOf("test", "[output]"), HasSubstr("expected a path, got nothing"));
  EXPECT_THAT(ErrorOf("test", "[{mnist: {k: 1}}]"), HasSubstr("unknown key \"k\""));
  EXPECT_THAT(ErrorOf("test", "[{mnist: , output: x}]"), HasSubstr("one hook in each entry"));
  EXPECT_THAT(ErrorOf("test", "mnist"), HasSubstr("test.hooks: expected a list of hooks"));
  EXPECT_THAT(ErrorOf("test", "[3]"), HasSubstr("test.hooks[0]: expected a hook"));
}

TEST(HooksTest, EachHasItsSections) {
  EXPECT_THAT(ErrorOf("train", "[mnist]"),
              HasSubstr("the hook 'mnist' belongs under validate, test or evaluate"));
  for (const char* section : {"validate", "test", "evaluate"}) {
    EXPECT_THAT(ErrorOf(section, "[plot: x.svg]"),
                HasSubstr("the hook 'plot' belongs under train"));
    EXPECT_EQ(ErrorOf(section, "[mnist]"), "");
  }
}

TEST(HooksTest, PlotsAreSvgWhateverTheirNames) {
  const auto kurfile = Load(With("train",
                                 "[plot: a.svg, plot: {loss_per_time: d.d/b.png, "
                                 "throughput_per_time: c, loss_per_batch: }]"));
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  std::vector<std::string> paths;
  for (const FileReference& file : kurfile->Outputs(Mode::kTrain)) paths.push_back(file.path);
  EXPECT_THAT(paths, ElementsAre("a.svg", "d.d/b.svg", "c.svg"));
  EXPECT_THAT(Warnings(*kurfile),
              ElementsAre("train.hooks[1].plot.loss_per_time: plots are SVG pictures: this one is "
                          "written to d.d/b.svg",
                          HasSubstr("written to c.svg")));
}

TEST(HooksTest, HooksThatAreNotRunAreWarnedOf) {
  const auto train = Load(With("train", "[{slack: {channel: c, url: u}}, {kurhub: id}]"));
  ASSERT_TRUE(train.ok()) << train.status();
  EXPECT_THAT(Warnings(*train),
              ElementsAre("train.hooks[1].kurhub: this version does not run the hook 'kurhub': it "
                          "is left out"));
  const auto files =
      Load(With("train", "[{slack: {channel: c, token: t, extra_files: loss.svg}}]"));
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_THAT(Warnings(*files), ElementsAre(HasSubstr("they stay here, for 'kurctl download'")));
}

TEST(HooksTest, SecretsAreInNoMessage) {
  for (const char* arguments :
       {"{channel: c, url: [hush]}", "{channel: c, token: {hush: hush}}", "[c, hush]", "hush",
        "{url: hush}", "{channel: c, url: hush, extra_files: f}", "{chanel: c, url: hush}"}) {
    SCOPED_TRACE(arguments);
    const std::string error = ErrorOf("train", absl::StrCat("[{slack: ", arguments, "}]"));
    EXPECT_THAT(error, HasSubstr("train.hooks[0].slack"));
    EXPECT_THAT(error, Not(HasSubstr("hush")));
  }
  EXPECT_THAT(ErrorOf("train", "[{slack: {channel: c}}]"),
              HasSubstr("missing key 'url' or 'token'"));
  EXPECT_THAT(ErrorOf("train", "[{slack: {channel: c, url: u, extra_files: f}}]"),
              HasSubstr("extra_files need the key 'token'"));
}

}  // namespace
}  // namespace kur
