#include "engine/base/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace kur {
namespace {

TEST(Utf8Test, FindsTheFirstByteThatIsPartOfNoCharacter) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("a\xc3\xb6\xe6\xbc\xa2\xf0\x9f\x98\x80"));
  EXPECT_EQ(FindInvalidUtf8("ab\xff"), 2U);
  EXPECT_EQ(FindInvalidUtf8("a\xc3"), 1U);             // truncated
  EXPECT_EQ(FindInvalidUtf8("\xc0\xaf"), 0U);          // overlong
  EXPECT_EQ(FindInvalidUtf8("\xe0\x80\xaf"), 0U);      // overlong
  EXPECT_EQ(FindInvalidUtf8("\xed\xa0\x80"), 0U);      // a surrogate
  EXPECT_EQ(FindInvalidUtf8("\xf4\x90\x80\x80"), 0U);  // beyond the last character
  EXPECT_EQ(FindInvalidUtf8("\x80"), 0U);
}

TEST(Utf8Test, ReplacesWhatIsNoCharacter) {
  EXPECT_EQ(ToUtf8("plain \xc3\xb6"), "plain \xc3\xb6");
  EXPECT_EQ(ToUtf8("a\xff\xfe"
                   "b\xc3"),
            "a\xef\xbf\xbd\xef\xbf\xbd"
            "b\xef\xbf\xbd");
}

}  // namespace
}  // namespace kur
