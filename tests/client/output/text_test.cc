#include "client/output/text.h"

#include "gtest/gtest.h"

namespace kur::client {
namespace {

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("plain"), 5);
  EXPECT_EQ(DisplayWidth("größe"), 5);
  EXPECT_EQ(DisplayWidth("漢字"), 4);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1);           // e with a combining acute accent
  EXPECT_EQ(DisplayWidth("\x1b[31mred\x1b[0m"), 3);  // colors take no room
  EXPECT_EQ(DisplayWidth("\xff"), 1);                // no UTF-8
}

TEST(Truncate, EndsWithAnEllipsisWhereItCuts) {
  EXPECT_EQ(Truncate("abcdef", 6), "abcdef");
  EXPECT_EQ(Truncate("abcdef", 5), "abcd…");
  EXPECT_EQ(Truncate("漢字漢字", 6), "漢字…");
}

TEST(Truncate, SwitchesColorsOffBehindTheCut) {
  EXPECT_EQ(Truncate("\x1b[31mabcdef\x1b[0m", 4), "\x1b[31mabc…\x1b[0m");
}

TEST(Printable, MakesControlCharactersHarmless) {
  EXPECT_EQ(Printable("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(Printable("two\nlines\r"), "two\\x0alines\\x0d");
  EXPECT_EQ(Printable("csi \xC2\x9B"), "csi \\xc2\\x9b");
  EXPECT_EQ(Printable("bad \xff\xfe"), "bad \\xff\\xfe");
  EXPECT_EQ(Printable("größe 漢"), "größe 漢");
}

TEST(FirstCharacter, RefusesOverlongAndTruncatedForms) {
  EXPECT_FALSE(FirstCharacter("\xC0\x80").valid);
  EXPECT_FALSE(FirstCharacter("\xE0\x80\x80").valid);
  EXPECT_FALSE(FirstCharacter("\xED\xA0\x80").valid);  // a surrogate
  EXPECT_FALSE(FirstCharacter("\xE6\xBC").valid);
  EXPECT_TRUE(FirstCharacter("\xE6\xBC\xA2").valid);
}

}  // namespace
}  // namespace kur::client
