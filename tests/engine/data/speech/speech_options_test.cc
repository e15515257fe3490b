#include "engine/data/speech/speech_options.h"

#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Value Strings(std::initializer_list<const char*> strings) {
  Value::List list;
  for (const char* string : strings) list.emplace_back(string);
  return Value(std::move(list));
}

class SpeechOptionsTest : public testing::Test {
 protected:
  std::string errors() const { return std::string(diagnostics_.ToStatus().message()); }

  std::optional<SampleRange> Range(const Value& value) {
    SampleRange range;
    if (!FieldTraits<SampleRange>::Parse(value, "samples", &diagnostics_, &range)) return {};
    return range;
  }

  std::pair<int64_t, int64_t> RangeOf(const Value& value, int64_t size) {
    const auto range = Range(value);
    EXPECT_TRUE(range.has_value()) << errors();
    return range.value_or(SampleRange()).Resolve(size);
  }

  std::vector<VocabularySpec> Vocabularies(const Value& value,
                                           const std::vector<std::string>& keys) {
    std::vector<VocabularySpec> specs;
    EXPECT_TRUE(ParseVocabularies(value, "vocab", keys, &diagnostics_, &specs)) << errors();
    return specs;
  }

  std::string VocabularyError(const Value& value, const std::vector<std::string>& keys) {
    diagnostics_ = Diagnostics();
    std::vector<VocabularySpec> specs;
    EXPECT_FALSE(ParseVocabularies(value, "vocab", keys, &diagnostics_, &specs));
    return errors();
  }

  Diagnostics diagnostics_;
};

TEST_F(SpeechOptionsTest, SamplesAreCountedOrShared) {
  EXPECT_THAT(RangeOf(Value(30), 200), Pair(0, 30));
  EXPECT_THAT(RangeOf(Value("30"), 200), Pair(0, 30));
  EXPECT_THAT(RangeOf(Value("30-50"), 200), Pair(30, 50));
  EXPECT_THAT(RangeOf(Value("30-"), 200), Pair(30, 200));
  EXPECT_THAT(RangeOf(Value("10%"), 205), Pair(0, 20));
  EXPECT_THAT(RangeOf(Value("10-20%"), 205), Pair(20, 41));
  EXPECT_THAT(RangeOf(Value("90-%"), 205), Pair(184, 205));
  EXPECT_THAT(RangeOf(Value("12.5%"), 200), Pair(0, 25));
  EXPECT_THAT(RangeOf(Value("100-5000"), 200), Pair(100, 200));
  EXPECT_THAT(RangeOf(Value("99999999999999999999999-"), 200), Pair(200, 200));
}

TEST_F(SpeechOptionsTest, NeighboringSharesMeetWithoutAGap) {
  for (const int64_t size : {1, 7, 99, 1000, 12345}) {
    EXPECT_EQ(RangeOf(Value("70%"), size).second, RangeOf(Value("70-85%"), size).first);
    EXPECT_EQ(RangeOf(Value("70-85%"), size).second, RangeOf(Value("85-%"), size).first);
  }
}

TEST_F(SpeechOptionsTest, OtherRangesAreRefused) {
  for (const char* text : {"", "-", "%", "-10", "10--20", "20-10", "10-10", "a", "10 %", "1.2.3",
                           "10%-20%", "0", "+5", "nan", "inf-"}) {
    EXPECT_FALSE(Range(Value(text)).has_value()) << text;
  }
  EXPECT_THAT(errors(), HasSubstr("must be a range such as 100, 100-200"));
  for (const Value& value : {Value(0), Value(-5), Value(1.5), Value(true), Value()}) {
    EXPECT_FALSE(Range(value).has_value());
  }
}

TEST_F(SpeechOptionsTest, NormalizationIsAPathOrADictionary) {
  const auto parse = [this](const Value& value) {
    NormalizationSpec spec;
    EXPECT_TRUE(FieldTraits<NormalizationSpec>::Parse(value, "normalization", &diagnostics_, &spec))
        << errors();
    return spec;
  };
  EXPECT_FALSE(parse(Value()).path.has_value());
  EXPECT_EQ(parse(Value("norm.yml")).path->path, "norm.yml");
  EXPECT_FALSE(parse(Value("norm.yml")).path->must_exist);
  EXPECT_EQ(parse(Value()).rotate, Rotation::kZca);
  EXPECT_EQ(parse(Value()).depth, 100);
  const NormalizationSpec spec = parse(MakeDict({{"path", Value()},
                                                 {"center", Value(false)},
                                                 {"rotate", Value("pca")},
                                                 {"depth", Value(5)}}));
  EXPECT_FALSE(spec.path.has_value());
  EXPECT_FALSE(spec.center);
  EXPECT_TRUE(spec.scale);
  EXPECT_EQ(spec.rotate, Rotation::kPca);
  EXPECT_EQ(spec.depth, 5);
  EXPECT_EQ(parse(MakeDict({{"rotate", Value(true)}})).rotate, Rotation::kZca);
  EXPECT_EQ(parse(MakeDict({{"rotate", Value(false)}})).rotate, Rotation::kNone);
  NormalizationSpec ignored;
  EXPECT_FALSE(FieldTraits<NormalizationSpec>::Parse(MakeDict({{"rotate", Value("zac")}}), "n",
                                                     &diagnostics_, &ignored));
  EXPECT_THAT(errors(), HasSubstr("yes, no, zca or pca"));
}

TEST_F(SpeechOptionsTest, OneVocabularyStandsForAllTexts) {
  for (const VocabularySpec& spec : Vocabularies(Value(), {"a", "b"})) {
    EXPECT_TRUE(std::holds_alternative<std::monostate>(spec));
  }
  for (const VocabularySpec& spec : Vocabularies(Value("vocab.json"), {"a", "b"})) {
    EXPECT_EQ(std::get<FileReference>(spec).path, "vocab.json");
  }
  const auto specs = Vocabularies(Strings({"x", "y"}), {"a", "b"});
  ASSERT_EQ(specs.size(), 2u);
  EXPECT_THAT(std::get<std::vector<std::string>>(specs[1]), ElementsAre("x", "y"));
}

TEST_F(SpeechOptionsTest, EachTextMayHaveAVocabularyOfItsOwn) {
  const auto lists = Vocabularies(Value(Value::List{Strings({"x"}), Strings({"y"})}), {"a", "b"});
  EXPECT_THAT(std::get<std::vector<std::string>>(lists[1]), ElementsAre("y"));
  const auto dict =
      Vocabularies(MakeDict({{"b", Value("b.json")}, {"a", Strings({"x"})}}), {"a", "b"});
  EXPECT_THAT(std::get<std::vector<std::string>>(dict[0]), ElementsAre("x"));
  EXPECT_EQ(std::get<FileReference>(dict[1]).path, "b.json");
}

TEST_F(SpeechOptionsTest, VocabulariesThatDoNotFitTheTextsAreRefused) {
  EXPECT_THAT(VocabularyError(Value(Value::List{Strings({"x"})}), {"a", "b"}),
              HasSubstr("an entry for each of the 2 texts of 'key', has 1"));
  EXPECT_THAT(VocabularyError(MakeDict({{"a", Strings({"x"})}}), {"a", "b"}),
              HasSubstr("no entry for the text 'b'"));
  EXPECT_THAT(VocabularyError(MakeDict({{"word", Strings({"x"})}}), {"words"}),
              HasSubstr("did you mean 'words'"));
  EXPECT_THAT(VocabularyError(Value(3), {"a"}), HasSubstr("a list of strings"));
  EXPECT_THAT(VocabularyError(Value(Value::List{Value("x"), Value(false)}), {"a"}),
              HasSubstr("vocab[1]"));
}

TEST_F(SpeechOptionsTest, UnknownsAreDistributedLikewise) {
  std::vector<std::optional<std::string>> unknowns;
  ASSERT_TRUE(ParseUnknowns(Value("?"), "unknown", {"a", "b"}, &diagnostics_, &unknowns));
  EXPECT_THAT(unknowns, ElementsAre("?", "?"));
  unknowns.clear();
  ASSERT_TRUE(ParseUnknowns(Value(Value::List{Value("?"), Value()}), "unknown", {"a", "b"},
                            &diagnostics_, &unknowns));
  EXPECT_THAT(unknowns, ElementsAre("?", std::nullopt));
  unknowns.clear();
  ASSERT_TRUE(ParseUnknowns(MakeDict({{"b", Value("!")}, {"a", Value("?")}}), "unknown", {"a", "b"},
                            &diagnostics_, &unknowns));
  EXPECT_THAT(unknowns, ElementsAre("?", "!"));
}

}  // namespace
}  // namespace kur
