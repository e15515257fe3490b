#include "engine/kurfile/yaml/difference.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/yaml/yaml.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Differences(const std::string& a, const std::string& b) {
  const auto file = std::make_shared<const std::string>("x");
  std::vector<std::string> lines;
  for (const Difference& difference : FindDifferences(*ParseYaml(a, file), *ParseYaml(b, file))) {
    lines.push_back(absl::StrCat(difference.path, ": ",
                                 difference.before ? ToJson(*difference.before) : "-", " > ",
                                 difference.after ? ToJson(*difference.after) : "-"));
  }
  return lines;
}

TEST(DifferenceTest, EqualValuesHaveNone) {
  EXPECT_THAT(Differences("{a: 1, b: [2, {c: 3}]}", "{b: [2, {c: 3}], a: 1.0}"), IsEmpty());
}

TEST(DifferenceTest, NamesTheDeepestPlace) {
  EXPECT_THAT(Differences("{a: {b: [1, {c: 2}]}}", "{a: {b: [1, {c: 3}]}}"),
              ElementsAre("a.b[1].c: 2 > 3"));
  EXPECT_THAT(Differences("{a: 1, b: 2}", "{b: 2, c: 3}"), ElementsAre("a: 1 > -", "c: - > 3"));
  EXPECT_THAT(Differences("[1]", "{a: 1}"), ElementsAre(": [1] > {\"a\":1}"));
}

TEST(DifferenceTest, AnInsertedElementIsOneDifference) {
  EXPECT_THAT(Differences("[1, 2, 3]", "[1, 9, 2, 3]"), ElementsAre("[1]: - > 9"));
  EXPECT_THAT(Differences("[1, 2, 3, 4]", "[1, 3, 4]"), ElementsAre("[1]: 2 > -"));
  EXPECT_THAT(Differences("[a, {x: 1}, b]", "[a, {x: 2}, b, c]"),
              ElementsAre("[1].x: 1 > 2", "[3]: - > \"c\""));
}

}  // namespace
}  // namespace kur
