#include "engine/base/glob.h"

#include <string>

#include "gtest/gtest.h"

namespace kur {
namespace {

TEST(GlobTest, MatchesTheWholeText) {
  EXPECT_TRUE(MatchesGlob("dense", "dense"));
  EXPECT_FALSE(MatchesGlob("dense", "dense.1"));
  EXPECT_FALSE(MatchesGlob("dense.1", "dense"));
  EXPECT_TRUE(MatchesGlob("", ""));
  EXPECT_FALSE(MatchesGlob("", "a"));
}

TEST(GlobTest, StarsAndQuestionMarksStandForCharacters) {
  EXPECT_TRUE(MatchesGlob("*", ""));
  EXPECT_TRUE(MatchesGlob("*", "a/b"));
  EXPECT_TRUE(MatchesGlob("de*.?", "dense.1"));
  EXPECT_FALSE(MatchesGlob("de*.?", "dense.12"));
  EXPECT_TRUE(MatchesGlob("*ab*ab", "abxabyab"));
  EXPECT_FALSE(MatchesGlob("?", ""));
  EXPECT_TRUE(MatchesGlob("a**b", "ab"));
}

TEST(GlobTest, ManyStarsAreNoProblem) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "a*";
  EXPECT_FALSE(MatchesGlob(pattern + "b", std::string(10000, 'a')));
}

}  // namespace
}  // namespace kur
