#include "engine/data/columns/transcript_column.h"

#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(LowercaseTest, KnowsTheCasesOfOtherScripts) {
  EXPECT_EQ(Lowercase("Hello, WORLD 12!"), "hello, world 12!");
  EXPECT_EQ(Lowercase("ÄÖÜß ΑΩ ЖЯ Ǆ"), "äöüß αω жя ǆ");
  EXPECT_EQ(Lowercase("日本 😀 𐐀"), "日本 😀 𐐨");
  EXPECT_EQ(Lowercase(""), "");
}

TEST(VocabularyTest, NumbersElementsInTheirOrder) {
  const auto vocabulary = Vocabulary::Create({"b", "A", " ", "word"});
  ASSERT_TRUE(vocabulary.ok());
  EXPECT_EQ(vocabulary->size(), 4);
  EXPECT_EQ(vocabulary->Find("b"), 0);
  EXPECT_EQ(vocabulary->Find("a"), 1);
  EXPECT_EQ(vocabulary->Find("word"), 3);
  EXPECT_EQ(vocabulary->Find("c"), std::nullopt);
}

TEST(VocabularyTest, RefusesWhatIsThereTwice) {
  EXPECT_THAT(Vocabulary::Create({"x", "y", "X"}), FailsWith(kInvalid, "has 'X' twice"));
  EXPECT_THAT(Vocabulary::Create({}), FailsWith(kInvalid, "empty"));
}

TEST(VocabularyTest, IsReadFromJson) {
  const auto vocabulary = Vocabulary::FromJson(R"([" ", "\u00c4", "\ud83d\ude00"])", "v.json");
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.status();
  EXPECT_EQ(vocabulary->Find("ä"), 1);
  EXPECT_EQ(vocabulary->Find("😀"), 2);
  for (const char* text : {"", "{", "{\"a\": 1}", "[1]", "[\"a\", null]", "[\"a\"", "\"a\"",
                           "[\"\\ud800\"]", "[[[["}) {
    EXPECT_THAT(Vocabulary::FromJson(text, "v.json"),
                FailsWith(kInvalid, "v.json: expected a JSON list of strings"))
        << text;
  }
  EXPECT_THAT(Vocabulary::FromJson("[\"a\", \"A\"]", "v.json"), FailsWith(kInvalid, "v.json: "));
}

TEST(TranscriptColumnTest, TextsGoByCharactersAndListsByElements) {
  TranscriptColumn column;
  column.AddText("Ab ä");
  column.AddElements({"ab", "Ä"});
  column.AddText("");
  EXPECT_EQ(column.size(), 3);
  EXPECT_THAT(column.Elements(), ElementsAre(" ", "a", "ab", "b", "ä"));
  const auto sources = column.Build(*Vocabulary::Create(column.Elements()), std::nullopt, false);
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(sources->transcript->shape(), ElementsAre(kUnknown));
  EXPECT_THAT(Gathered(*sources->transcript, {0, 1, 2}),
              ElementsAre(1, 3, 0, 4, 2, 4, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(Gathered(*sources->length, {0, 1, 2}), ElementsAre(4, 2, 0));
  EXPECT_EQ(sources->transcript->Extent(std::vector<int64_t>{2}.data(), 1), 1);
}

TEST(TranscriptColumnTest, WhatTheVocabularyLacksIsLeftOutOrReplaced) {
  TranscriptColumn column;
  column.AddText("abca");
  const auto vocabulary = *Vocabulary::Create({"?", "a", "c"});
  const auto without = column.Build(vocabulary, std::nullopt, false);
  EXPECT_THAT(Gathered(*without->transcript, {0}), ElementsAre(1, 2, 1));
  EXPECT_THAT(Gathered(*without->length, {0}), ElementsAre(3));
  const auto replaced = column.Build(vocabulary, "?", true);
  EXPECT_THAT(Gathered(*replaced->transcript, {0}), ElementsAre(1, 0, 2, 1));
  EXPECT_THAT(column.Build(vocabulary, "!", true),
              FailsWith(kInvalid, "the vocabulary must have it"));
}

TEST(TranscriptColumnTest, WhatIsNotSelectedNeedsNoPlaceInTheVocabulary) {
  TranscriptColumn column;
  for (const char* text : {"xyz", "ba", "", "c"}) column.AddText(text);
  column.Select({1, 3});
  EXPECT_EQ(column.size(), 2);
  EXPECT_THAT(column.Elements(), ElementsAre("a", "b", "c"));
  const auto sources = column.Build(*Vocabulary::Create(column.Elements()), std::nullopt, false);
  EXPECT_THAT(Gathered(*sources->transcript, {0, 1}), ElementsAre(1, 0, 2, 0));
  column.Select({});
  EXPECT_THAT(column.Elements(), IsEmpty());
}

}  // namespace
}  // namespace kur
