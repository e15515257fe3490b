#include "engine/kurfile/yaml/yaml.h"

#include <cmath>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/value/diagnostics.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<Value> Parse(const std::string& text, const YamlLimits& limits = {}) {
  return ParseYaml(text, std::make_shared<const std::string>("test.yml"), limits);
}

std::string JsonOf(const std::string& text) {
  const auto value = Parse(text);
  return value.ok() ? ToJson(*value) : std::string(value.status().message());
}

std::string ErrorOf(const std::string& text, const YamlLimits& limits = {}) {
  return std::string(Parse(text, limits).status().message());
}

TEST(YamlTest, ResolvesScalarsAsYaml11Does) {
  EXPECT_EQ(JsonOf("[yes, No, ON, off, true, FALSE]"), "[true,false,true,false,true,false]");
  EXPECT_EQ(JsonOf("[~, null, Null, '', \"~\"]"), R"([null,null,null,"","~"])");
  EXPECT_EQ(JsonOf("[1, -2, +3, 0x1F, 017, 0b101, 1_000, 1:30, 1:30:05]"),
            "[1,-2,3,31,15,5,1000,90,5405]");
  EXPECT_EQ(JsonOf("[1.5, -.5, 1., 1.5e+3, .inf, -.inf]"), R"([1.5,-0.5,1.0,1500.0,"inf","-inf"])");
  EXPECT_EQ(JsonOf("['yes', \"1\", y, n, 1.2.3, 08x, 0x, '']"),
            R"(["yes","1","y","n","1.2.3","08x","0x",""])");
}

TEST(YamlTest, TakesAnExponentWithoutAPointForANumber) {
  EXPECT_EQ(JsonOf("[1e-3, 2E4, 1e]"), R"([0.001,20000.0,"1e"])");
}

TEST(YamlTest, NotANumberIsAFloat) {
  const auto value = Parse(".nan");
  ASSERT_TRUE(value.ok());
  EXPECT_TRUE(std::isnan(value->as_float()));
}

TEST(YamlTest, MergeKeysAreOverriddenInPlace) {
  EXPECT_EQ(JsonOf("base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3, z: 4}"),
            R"({"base":{"x":1,"y":2},"use":{"x":1,"y":3,"z":4}})");
}

TEST(YamlTest, OfSeveralMergedDictionariesTheFirstWins) {
  EXPECT_EQ(JsonOf("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nuse: {<<: [*a, *b]}"),
            R"({"a":{"x":1},"b":{"x":2,"y":2},"use":{"x":1,"y":2}})");
}

TEST(YamlTest, KnowsWhereEveryValueStands) {
  const auto value = Parse("a:\n  - b: 1\n    c: two\n");
  ASSERT_TRUE(value.ok());
  const Value& entry = value->Find("a")->as_list()[0];
  EXPECT_EQ(entry.Find("c")->location().ToString(), "test.yml:3:8");
  EXPECT_EQ(entry.as_dict().FindKey("c")->location().ToString(), "test.yml:3:5");
}

TEST(YamlTest, ReportsASyntaxErrorWithItsPlace) {
  const auto value = Parse("a: 1\nb: [1, 2\nc: 3\n");
  ASSERT_FALSE(value.ok());
  const auto diagnostics = DiagnosticsOf(value.status());
  ASSERT_EQ(diagnostics.size(), 1u);
  EXPECT_GE(diagnostics[0].location.line, 2);
  EXPECT_THAT(diagnostics[0].message, HasSubstr("YAML"));
}

TEST(YamlTest, RefusesADuplicateKeyNamingTheFirst) {
  EXPECT_THAT(ErrorOf("a: 1\nb: 2\na: 3\n"),
              HasSubstr("test.yml:3:1: error: duplicate key \"a\"; the first is at test.yml:1:1"));
}

TEST(YamlTest, RefusesTagsThatBuildObjects) {
  EXPECT_THAT(ErrorOf("a: !!python/object/apply:os.system ['true']"), HasSubstr("is not allowed"));
  EXPECT_THAT(ErrorOf("a: !mine x"), HasSubstr("is not allowed"));
  EXPECT_EQ(JsonOf("a: !!str 1"), R"({"a":"1"})");
}

TEST(YamlTest, RefusesSeveralDocumentsAndAliasesInsideOfTheirAnchor) {
  EXPECT_THAT(ErrorOf("a: 1\n---\nb: 2\n"),
              HasSubstr("test.yml:2:1: error: a second YAML document"));
  EXPECT_THAT(ErrorOf("a: &a [1, *a]"), HasSubstr("alias"));
}

TEST(YamlTest, RefusesNestingBeyondTheLimit) {
  EXPECT_THAT(ErrorOf(std::string(101, '[') + std::string(101, ']')), HasSubstr("nested deeper"));
  EXPECT_TRUE(Parse(std::string(100, '[') + std::string(100, ']')).ok());
}

TEST(YamlTest, CountsNodesBehindAliases) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    absl::StrAppend(&bomb, "a", i, ": &a", i, " [");
    for (int j = 0; j < 10; ++j) absl::StrAppend(&bomb, j == 0 ? "" : ", ", "*a", i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(ErrorOf(bomb), HasSubstr("more than 100000 nodes"));
  EXPECT_TRUE(Parse("[a, [b, c]]", {5, 10}).ok());
  EXPECT_FALSE(Parse("[a, [b, c]]", {4, 10}).ok());
}

// yaml-cpp alone accepts such a quote as closed if a line end follows, and swallows the text
// between.
TEST(YamlTest, RefusesAQuoteThatIsNeverClosed) {
  EXPECT_THAT(ErrorOf("a:\n  b: \"c\nd: 1\n"),
              HasSubstr("test.yml:2:6: error: the quote \" that opens here is not closed"));
  EXPECT_THAT(ErrorOf("a: 'it''s\n"), HasSubstr("test.yml:1:4: error: the quote ' that opens"));
  EXPECT_THAT(ErrorOf("a: \"b\\\"\n"), HasSubstr("the quote \" that opens here"));
  EXPECT_THAT(ErrorOf("\xef\xbb\xbf\"a\n"), HasSubstr("test.yml:1:"));
  EXPECT_THAT(ErrorOf("a: !!str &x 'b\n"), HasSubstr("the quote ' that opens here"));
  EXPECT_EQ(JsonOf("a: 'it''s'"), R"({"a":"it's"})");
  EXPECT_EQ(JsonOf("\xef\xbb\xbf"
                   "a: 'x'"),
            R"({"a":"x"})");
  EXPECT_EQ(JsonOf(R"(a: "b\"")"), R"({"a":"b\""})");
  EXPECT_EQ(JsonOf("a: !!str &x 'b'"), R"({"a":"b"})");
}

TEST(YamlTest, SaysWhereANulByteIs) {
  EXPECT_THAT(ErrorOf(std::string("a: 1\nb: \0", 9)), HasSubstr("test.yml:2:4: error: a NUL byte"));
}

TEST(YamlTest, AnEmptyDocumentIsNull) {
  EXPECT_EQ(JsonOf(""), "null");
  EXPECT_EQ(JsonOf("# nothing\n"), "null");
}

}  // namespace
}  // namespace kur
