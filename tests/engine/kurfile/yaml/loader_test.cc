#include "engine/kurfile/yaml/loader.h"

#include <unistd.h>

#include <string>

#include "engine/value/diagnostics.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Load(const std::string& path, const std::string& display_root = "") {
  Loader loader(display_root);
  const auto value = loader.Load(path);
  return value.ok() ? ToJson(*value) : std::string(value.status().message());
}

std::string Override(const std::string& value, const std::string& change) {
  Loader loader;
  const TemporaryDirectory dir;
  const auto base = loader.Load(dir.Write("k.yml", value));
  const auto changed = ApplyOverride(*base, change);
  return changed.ok() ? ToJson(*changed) : std::string(changed.status().message());
}

TEST(LoaderTest, TheIncluderWinsAndListsBlendByDefault) {
  const TemporaryDirectory dir;
  dir.Write("base.yml", "train: {epochs: 5, data: [{a: 1, b: 1}, {c: 1}]}\nname: base\n");
  const std::string path =
      dir.Write("k.yml", "include: base.yml\ntrain: {data: [{b: 2}]}\nname: own\n");
  EXPECT_EQ(Load(path), R"({"train":{"epochs":5,"data":[{"a":1,"b":2},{"c":1}]},"name":"own"})");
}

TEST(LoaderTest, StrategiesDecideWhatBecomesOfLists) {
  const TemporaryDirectory dir;
  dir.Write("base.yml", "l: [1, 2]\n");
  EXPECT_EQ(Load(dir.Write("m.yml", "include: [{source: base.yml, method: merge}]\nl: [3]\n")),
            R"({"l":[3]})");
  EXPECT_EQ(Load(dir.Write("c.yml", "include: [{source: base.yml, method: concat}]\nl: [3]\n")),
            R"({"l":[1,2,3]})");
  EXPECT_EQ(Load(dir.Write("b.yml", "include: [{source: base.yml, method: blend}]\nl: [3]\n")),
            R"({"l":[3,2]})");
  EXPECT_THAT(Load(dir.Write("x.yml", "include: [{source: base.yml, method: mix}]\n")),
              HasSubstr("x.yml:1:38: error: include.method: must be one of"));
}

TEST(LoaderTest, GlobsReachIntoFolders) {
  const TemporaryDirectory dir;
  dir.Write("conf/a.yml", "a: 1\n");
  dir.Write("conf/deep/er/kur_b.yml", "b: 2\n");
  dir.Write("conf/deep/other.txt", "c: 3\n");
  EXPECT_EQ(Load(dir.Write("k.yml", "include: ['conf/*.yml', 'conf/**/kur_*.yml']\n")),
            R"({"b":2,"a":1})");
}

TEST(LoaderTest, AFileIsReadOnceAndACircleIsAnError) {
  const TemporaryDirectory dir;
  dir.Write("common.yml", "l: [1]\n");
  dir.Write("a.yml", "include: {source: common.yml, method: concat}\n");
  const std::string twice = dir.Write(
      "k.yml",
      "include: [{source: a.yml, method: concat}, {source: common.yml, method: concat}]\n");
  EXPECT_EQ(Load(twice), R"({"l":[1]})");
  dir.Write("x.yml", "include: y.yml\n");
  const std::string x = dir.Write("y.yml", "include: x.yml\n");
  EXPECT_THAT(Load(x), HasSubstr("includes itself"));
}

TEST(LoaderTest, AMissingIncludeIsReportedWhereItIsNamed) {
  const TemporaryDirectory dir;
  EXPECT_THAT(Load(dir.Write("k.yml", "a: 1\ninclude: gone.yml\n"), dir.path()),
              HasSubstr("k.yml:2:10: error: include: "));
}

TEST(LoaderTest, ListsTheFilesThatItRead) {
  const TemporaryDirectory dir;
  const std::string base = dir.Write("base.yml", "a: 1\n");
  const std::string path = dir.Write("k.yml", "include: base.yml\n");
  Loader loader;
  ASSERT_TRUE(loader.Load(path).ok());
  EXPECT_THAT(loader.files(), ElementsAre(path, base));
}

TEST(LoaderTest, OnlyADictionaryIsAKurfile) {
  const TemporaryDirectory dir;
  EXPECT_THAT(Load(dir.Write("k.yml", "- a\n")), HasSubstr("a Kurfile is a dictionary"));
}

TEST(OverrideTest, SetsValuesReadAsYaml) {
  EXPECT_EQ(Override("train: {epochs: 5}", "train.epochs=10"), R"({"train":{"epochs":10}})");
  EXPECT_EQ(Override("train: {epochs: 5}", "train.log=log dir"),
            R"({"train":{"epochs":5,"log":"log dir"}})");
  EXPECT_EQ(Override("a: [{b: 1}, {b: 2}]", "a[1].b=[x, 2]"), R"({"a":[{"b":1},{"b":["x",2]}]})");
  EXPECT_EQ(Override("a: 1", "settings.cnn.size=3"), R"({"a":1,"settings":{"cnn":{"size":3}}})");
}

TEST(OverrideTest, SaysWhatIsWrongWithAPath) {
  EXPECT_THAT(Override("a: [1]", "a[1]=2"), HasSubstr("no element [1]: the list has 1"));
  EXPECT_THAT(Override("a: 1", "a.b=2"),
              HasSubstr("'b' is looked for in a value that is no dictionary: 1"));
  EXPECT_THAT(Override("a: 1", "nothing"),
              HasSubstr("--set nothing: error: an override is written"));
  EXPECT_THAT(Override("a: 1", "a=[1"), HasSubstr("--set a=[1"));
}

TEST(OverrideTest, APathHasABoundedNumberOfParts) {
  std::string path = "a";
  for (int i = 0; i < 99; ++i) path += ".b";
  EXPECT_THAT(Override("{}", path + "=1"), HasSubstr(R"({"b":1})"));
  for (int i = 0; i < 1000000; ++i) path += ".b";
  EXPECT_THAT(Override("{}", path + "=1"), HasSubstr("a path of more than 100 parts"));
  path = "a";
  for (int i = 0; i < 200; ++i) path += "[0]";
  EXPECT_THAT(Override("{}", path + "=1"), HasSubstr("a path of more than 100 parts"));
}

TEST(OverrideTest, SeveralNestAKurfileNoDeeperThanOne) {
  const std::string lists = std::string(60, '[') + std::string(60, ']');
  std::string path = "a";
  for (int i = 0; i < 39; ++i) path += "[0]";
  EXPECT_THAT(Override("a: " + lists, path + "=" + lists), HasSubstr("[[["));
  path += "[0]";
  EXPECT_THAT(Override("a: " + lists, path + "=" + lists), HasSubstr("deeper than 100 levels"));
}

TEST(OverrideTest, ALongOneIsShownInPart) {
  const std::string message = Override("{}", "a=[" + std::string(10'000, 'x'));
  EXPECT_THAT(message, HasSubstr("--set a=[xxx"));
  EXPECT_THAT(message, HasSubstr("…"));
  EXPECT_LT(message.size(), 400u);
}

TEST(OverrideTest, APathThatIsNoUtf8IsRefused) {
  EXPECT_THAT(Override("{}", "a\xff=1"), HasSubstr("UTF-8"));
}

}  // namespace
}  // namespace kur
