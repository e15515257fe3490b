#include "engine/kurfile/yaml/source_tree.h"

#include <sys/stat.h>

#include <map>
#include <string>

#include "engine/kurfile/yaml/loader.h"
#include "engine/value/diagnostics.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Load(const std::map<std::string, std::string>& files, const std::string& kurfile) {
  const MemorySourceTree sources(files);
  Loader loader("", sources);
  const auto value = loader.Load(kurfile);
  return value.ok() ? ToJson(*value) : std::string(value.status().message());
}

TEST(MemorySourceTreeTest, HasTheFoldersOfItsFiles) {
  const MemorySourceTree tree({{"k.yml", ""}, {"a/b/c.yml", "c"}, {"a/d.yml", ""}});
  EXPECT_THAT(*tree.List(""), ElementsAre("a", "k.yml"));
  EXPECT_THAT(*tree.List("."), ElementsAre("a", "k.yml"));
  EXPECT_THAT(*tree.List("a/b/.."), ElementsAre("b", "d.yml"));
  EXPECT_FALSE(tree.List("..").ok());
  EXPECT_TRUE(tree.IsFolder("a/b"));
  EXPECT_FALSE(tree.IsFolder("a/d.yml"));
  EXPECT_TRUE(tree.Exists("a/./b/c.yml"));
  EXPECT_FALSE(tree.Exists("a/x.yml"));
  EXPECT_EQ(*tree.Read("a/b/../b/c.yml", 1), "c");
  EXPECT_TRUE(absl::IsResourceExhausted(tree.Read("a/b/c.yml", 0).status()));
  EXPECT_FALSE(tree.Read("a", 1).ok());
  EXPECT_TRUE(absl::IsNotFound(tree.Read("x", 1).status()));
}

TEST(MemorySourceTreeTest, IncludesAndGlobsWorkAsOnDisk) {
  const std::map<std::string, std::string> files = {
      {"models/k.yml", "include: ['../conf/*.yml', '../conf/**/kur_*.yml']\n"},
      {"conf/a.yml", "a: 1\n"},
      {"conf/deep/er/kur_b.yml", "b: 2\n"},
      {"conf/deep/other.txt", "c: 3\n"}};
  EXPECT_EQ(Load(files, "models/k.yml"), R"({"b":2,"a":1})");
  const TemporaryDirectory dir;
  for (const auto& [path, content] : files) dir.Write(path, content);
  Loader loader;
  EXPECT_EQ(ToJson(*loader.Load(dir.path() + "/models/k.yml")), R"({"b":2,"a":1})");
}

// What an include cannot reach must be answered alike whether it is there or not.
TEST(MemorySourceTreeTest, NothingButTheSourcesCanBeNamed) {
  for (const std::string path : {"../x.yml", "../../etc/pass*", "/etc/passwd", "/etc/*", "/nothing",
                                 "a/../../x.yml", "*/../../x.yml", ".."}) {
    EXPECT_THAT(Load({{"k.yml", "include: '" + path + "'\n"}}, "k.yml"),
                HasSubstr("k.yml:1:10: error: include: " + path +
                          " leads outside of the Kurfile's folder"));
  }
}

TEST(MemorySourceTreeTest, AFileIsOneUnderAllItsNames) {
  const MemorySourceTree tree(std::map<std::string, std::string>{{"a/b.yml", ""}});
  EXPECT_EQ(*tree.Identify("a/b.yml"), *tree.Identify("./a/../a/b.yml"));
  EXPECT_TRUE(tree.IsWithin("b.yml", "a"));
  EXPECT_TRUE(tree.IsWithin("a/b.yml", "."));
  EXPECT_FALSE(tree.IsWithin("../b.yml", "a"));
}

TEST(DiskSourceTreeTest, WhatIsNoRegularFileIsNotRead) {
  const TemporaryDirectory dir;
  ASSERT_EQ(mkfifo((dir.path() + "/pipe").c_str(), 0600), 0);
  EXPECT_THAT(SourceTree::Disk().Read(dir.path() + "/pipe", 1).status().message(),
              HasSubstr("is no regular file"));
}

}  // namespace
}  // namespace kur
