#include "engine/base/utf8.h"

#include <cstdint>
#include <string>

#include "gmock/gmock.h"
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

TEST(Utf8Test, SeesATextAsCharactersAndStrayBytes) {
  const std::string text = "a\xc3\xb6\xff\xf0\x9f\x98\x80\xc3";
  EXPECT_THAT(SplitCharacters(text),
              testing::ElementsAre("a", "\xc3\xb6", "\xff", "\xf0\x9f\x98\x80", "\xc3"));
  EXPECT_EQ(CharacterCount(text), 5);
  EXPECT_EQ(CharacterPrefix(text, 2), "a\xc3\xb6");
  EXPECT_EQ(CharacterPrefix(text, 99), text);
  EXPECT_EQ(LeadingCharacter("\xe6\xbc\xa2x"), "\xe6\xbc\xa2");
}

TEST(Utf8Test, WritesWhatItReads) {
  for (const uint32_t code : {0x0U, 0x7fU, 0x80U, 0x7ffU, 0x800U, 0xffffU, 0x10000U, 0x10ffffU}) {
    std::string text;
    AppendCodePoint(code, &text);
    EXPECT_TRUE(IsUtf8(text)) << code;
    EXPECT_EQ(CharacterCount(text), 1) << code;
    EXPECT_EQ(CodePointOf(text), code);
  }
  EXPECT_EQ(CodePointOf("\xff"), kReplacementCharacter);
}

}  // namespace
}  // namespace kur
