// The supplier text.

#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

Value Strings(const std::vector<std::string>& strings) {
  Value::List list;
  for (const std::string& string : strings) list.emplace_back(string);
  return Value(std::move(list));
}

class TextTest : public SupplierTest {
 protected:
  // Words over a and b with their mirror images, padded with zeros in front and with e behind.
  static Value Words() {
    return MakeDict(
        {{"path", Value("words.jsonl")},
         {"seq_len", Value(3)},
         {"vocabs", MakeDict({{"word", Strings({"a", "b"})}, {"image", Strings({"a", "b", "e"})}})},
         {"padding", MakeDict({{"word", Value("left")}})},
         {"pad_with", MakeDict({{"image", Value("e")}, {"word", Value()}})}});
  }

  static Value With(const char* key, Value value) {
    Dict dict = Words().as_dict();
    dict.Set(Value(key), std::move(value));
    return Value(std::move(dict));
  }

  absl::StatusOr<SourceMap> OpenWords(const std::string& text) {
    dir_.Write("words.jsonl", text);
    return Open("text", Words());
  }
};

TEST_F(TextTest, SymbolsAreOneHotAndPadded) {
  const auto sources = OpenWords(
      "{\"word\": [\"a\", \"b\"], \"image\": [\"b\", \"a\"]}\n"
      "{\"image\": [], \"word\": []}\n"
      "{\"word\": [\"b\", \"b\", \"a\"], \"image\": [\"a\", \"b\", \"b\"]}\n");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->size(), 4U);
  EXPECT_THAT(sources->at("word")->shape(), ElementsAre(3, 2));
  EXPECT_THAT(sources->at("image")->shape(), ElementsAre(3, 3));
  EXPECT_THAT(sources->at("word_length")->shape(), ElementsAre(1));
  EXPECT_THAT(Sample(*sources, "word", 0), ElementsAre(0, 0, 1, 0, 0, 1));
  EXPECT_THAT(Sample(*sources, "word", 1), ElementsAre(0, 0, 0, 0, 0, 0));
  EXPECT_THAT(Sample(*sources, "image", 0), ElementsAre(0, 1, 0, 1, 0, 0, 0, 0, 1));
  EXPECT_THAT(Gathered(*sources->at("image"), {1, 2}),
              ElementsAre(0, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0));
  EXPECT_THAT(Gathered(*sources->at("word_length"), {0, 1, 2}), ElementsAre(2, 0, 3));
}

TEST_F(TextTest, PaddingIsOnTheRightUnlessSaidOtherwise) {
  dir_.Write("words.jsonl", "{\"word\": [\"1\"]}");
  const auto sources = Open(
      "text", MakeDict({{"path", Value("words.jsonl")},
                        {"seq_len", MakeDict({{"word", Value(2)}})},
                        {"vocabs", MakeDict({{"word", Value(Value::List{Value(0), Value(1)})}})}}));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(Sample(*sources, "word", 0), ElementsAre(0, 1, 0, 0));
}

TEST_F(TextTest, ShapesAreKnownWithoutTheFile) {
  const auto spec = Parse("text", Words());
  ASSERT_NE(spec, nullptr) << errors_;
  EXPECT_THAT(spec->KnownShapes().at("image"), ElementsAre(3, 3));
  EXPECT_THAT(spec->KnownShapes().at("word_length"), ElementsAre(1));
  EXPECT_EQ(spec->Files()[0].path, "words.jsonl");
}

TEST_F(TextTest, SaysWhereTheFileIsNotWhatItShouldBe) {
  const std::string first = "{\"word\": [], \"image\": []}\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{\"word\": [\"c\"], \"image\": []}",
       "words.jsonl:2: key 'word': the symbol 'c' is not in the vocabulary"},
      {"{\"word\": [\"a\", \"a\", \"a\", \"a\"], \"image\": []}",
       "key 'word': there are 4 symbols, more than seq_len: 3"},
      {"{\"word\": \"aa\", \"image\": []}", "it holds a string where a list of symbols"},
      {"{\"word\": 1, \"image\": []}", "it holds a number where"},
      {"{\"word\": [1], \"image\": []}", "it holds a number where"},
      {"{\"word\": [[\"a\"]], \"image\": []}", "it holds a list in a list where"},
      {"{\"word\": [null], \"image\": []}", "it holds null"},
      {"{\"word\": []}", "the line lacks the key 'image', which vocabs has"},
      {"{\"word\": [], \"imaged\": []}", "key 'imaged': vocabs lacks it; did you mean 'image'?"},
      {"{\"word\": [], \"word\": [], \"image\": []}", "key 'word': it is there twice"},
      {"[]", "expected a JSON dictionary"},
  };
  for (const auto& [line, error] : cases) {
    EXPECT_THAT(OpenWords(first + line), FailsWith(kInvalid, error)) << line;
  }
  EXPECT_THAT(OpenWords("\n"), FailsWith(kInvalid, "words.jsonl: the file holds no samples"));
  EXPECT_TRUE(OpenWords(first).ok());
}

TEST_F(TextTest, SpecsRefuseWhatCannotBe) {
  EXPECT_EQ(Parse("text", With("seq_len", Value(0))), nullptr);
  EXPECT_THAT(errors_, HasSubstr("the column 'word': its seq_len must be from 1 to"));
  EXPECT_EQ(Parse("text", With("seq_len", MakeDict({{"word", Value(2)}}))), nullptr);
  EXPECT_THAT(errors_, HasSubstr("the column 'image': seq_len gives no length for it"));
  EXPECT_EQ(Parse("text", With("padding", MakeDict({{"word", Value("up")}}))), nullptr);
  EXPECT_THAT(errors_, HasSubstr("must be left or right, got 'up'"));
  EXPECT_EQ(Parse("text", With("padding", MakeDict({{"wordy", Value("left")}}))), nullptr);
  EXPECT_THAT(errors_, HasSubstr("no vocabulary for the column 'wordy'; did you mean 'word'?"));
  EXPECT_EQ(Parse("text", With("pad_with", MakeDict({{"word", Value("e")}}))), nullptr);
  EXPECT_THAT(errors_, HasSubstr("it is padded with 'e', which its vocabulary lacks"));
  EXPECT_EQ(Parse("text", With("vocabs", MakeDict({}))), nullptr);
  EXPECT_THAT(errors_, HasSubstr("names no columns"));
  EXPECT_EQ(Parse("text", With("vocabs", MakeDict({{"word", Strings({"a", "a"})}}))), nullptr);
  EXPECT_THAT(errors_, HasSubstr("its vocabulary has 'a' twice"));
  EXPECT_EQ(Parse("text", With("vocabs", Value("abc"))), nullptr);
  EXPECT_THAT(errors_, HasSubstr("expected a dictionary"));
}

}  // namespace
}  // namespace kur
