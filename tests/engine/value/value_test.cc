#include "engine/value/value.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

TEST(DictTest, KeepsTheOrderOfInsertionAndReplacesInPlace) {
  Dict dict;
  dict.Set(Value("b"), Value(1));
  dict.Set(Value("a"), Value(2));
  dict.Set(Value("b"), Value(3));
  EXPECT_EQ(ToJson(Value(dict)), R"({"b":3,"a":2})");
}

TEST(DictTest, EqualNumbersAreOneKeyAtEverySize) {
  for (const int size : {4, 1000}) {
    Dict dict;
    for (int i = 2; i < size; ++i) dict.Set(Value(i), Value(i));
    dict.Set(Value(true), Value("truth"));
    EXPECT_EQ(*dict.Find(Value(1)), Value("truth"));
    EXPECT_EQ(*dict.Find(Value(1.0)), Value("truth"));
    EXPECT_EQ(*dict.Find(Value(3.0)), Value(3));
    EXPECT_EQ(dict.Find(Value("3")), nullptr);
    EXPECT_EQ(dict.Find(Value(2.5)), nullptr);
    EXPECT_EQ(dict.Find(Value()), nullptr);
  }
}

TEST(DictTest, ErasesAndFindsWhatIsLeft) {
  Dict dict;
  for (int i = 0; i < 100; ++i) dict.Set(Value(absl::StrCat("key", i)), Value(i));
  EXPECT_TRUE(dict.Erase("key50"));
  EXPECT_FALSE(dict.Erase("key50"));
  EXPECT_EQ(dict.size(), 99u);
  EXPECT_EQ(*dict.Find("key99"), Value(99));
  EXPECT_EQ(dict.FindKey("key7")->as_string(), "key7");
}

TEST(ValueTest, ComparesAsPythonDoes) {
  EXPECT_EQ(Value(1), Value(1.0));
  EXPECT_EQ(Value(1), Value(true));
  EXPECT_NE(Value(1), Value("1"));
  EXPECT_NE(Value(), Value(false));
  EXPECT_EQ(Value(Value::List{Value(1)}), Value(Value::List{Value(1.0)}));
}

TEST(ValueTest, FloatsAreWrittenAsPythonWritesThem) {
  EXPECT_EQ(FormatFloat(0.1), "0.1");
  EXPECT_EQ(FormatFloat(3), "3.0");
  EXPECT_EQ(FormatFloat(1e16), "1e+16");
  EXPECT_EQ(FormatFloat(0.0001), "0.0001");
  EXPECT_EQ(FormatFloat(0.00001), "1e-05");
}

}  // namespace
}  // namespace kur
