// How data becomes numbers is part of the model: what the training data taught holds for all
// others.

#include "engine/data/encoding.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tests/engine/formats/wav_test_util.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDamaged = absl::StatusCode::kDataLoss;

class EncodingTest : public SupplierTest {
 protected:
  // Opens data as the training does that teaches the model, and then as all others do.
  absl::StatusOr<SourceMap> Train(const std::vector<std::string>& entries,
                                  const std::string& kind = "csv") {
    model_ = std::make_shared<ModelEncodings>();
    auto sources = OpenAll(entries, kind);
    model_->StopLearning();
    return sources;
  }
  absl::StatusOr<SourceMap> OpenAll(const std::vector<std::string>& entries,
                                    const std::string& kind = "csv") {
    std::vector<std::shared_ptr<const SupplierSpec>> specs;
    for (const std::string& entry : entries) {
      specs.push_back(View(entry, kind));
      if (specs.back() == nullptr) return absl::InternalError(errors_);
    }
    const PathResolver paths = Paths();
    OpenContext context(paths);
    context.model = model_;
    context.warn = [this](const std::string& text) { warnings_.push_back(text); };
    return OpenSuppliers(specs, context);
  }

  // Takes what the model knows through a weights file.
  void Reload() {
    const auto text = FormatEncodings(model_->all());
    ASSERT_TRUE(text.ok()) << text.status();
    auto encodings = ParseEncodings(*text);
    ASSERT_TRUE(encodings.ok()) << encodings.status();
    model_ = std::make_shared<ModelEncodings>(*std::move(encodings), "best.kur");
    model_->StopLearning();
  }
  // The model of a file that tells nothing.
  void Forget() {
    model_ = std::make_shared<ModelEncodings>(std::nullopt, "old.kur");
    model_->StopLearning();
  }

  // Writes a picture of one black pixel.
  void WritePicture(const std::string& path) { dir_.Write(path, ReadFixture("images/photo.png")); }

  std::shared_ptr<ModelEncodings> model_ = std::make_shared<ModelEncodings>();
  std::vector<std::string> warnings_;
};

TEST_F(EncodingTest, ClassesAreThoseOfTheTrainingData) {
  dir_.Write("train.csv", "x,kind\n1,rose\n2,lily\n3,tulip\n");
  dir_.Write("other.csv", "x,kind\n1,tulip\n2,rose\n");
  dir_.Write("more.csv", "x,kind\n1,rose\n\n2,\"li\nly\"\n3,rosy\n");
  const std::string columns = "columns: {kind: {one_hot: yes}}";
  const auto train = Train({"csv: train.csv\n" + columns});
  ASSERT_TRUE(train.ok()) << train.status();
  EXPECT_THAT(train->at("kind")->symbols().names, ElementsAre("lily", "rose", "tulip"));
  EXPECT_THAT(All(*train->at("kind")), ElementsAre(0, 1, 0, 1, 0, 0, 0, 0, 1));
  Reload();
  const auto other = OpenAll({"csv: other.csv\n" + columns});
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_THAT(other->at("kind")->shape(), ElementsAre(3));
  EXPECT_THAT(All(*other->at("kind")), ElementsAre(0, 0, 1, 0, 1, 0));
  EXPECT_THAT(OpenAll({"csv: more.csv\n" + columns}),
              FailsWith(kInvalid,
                        "columns.kind: sample 1 (more.csv:4) has 'li\\nly', which is not among the "
                        "3 that the weights best.kur have for 'kind'"));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(EncodingTest, NumbersMayBeClassesToo) {
  dir_.Write("train.csv", "kind\n10\n9\n-2\n9\n");
  dir_.Write("other.csv", "kind\n9\n10\n");
  dir_.Write("more.csv", "kind\n9\n11\n");
  for (const std::string kind : {"csv", "jsonl"}) {
    if (kind == "jsonl") {
      dir_.Write("train.jsonl", "{\"kind\": 10}\n{\"kind\": 9}\n{\"kind\": -2}\n{\"kind\": 9}\n");
      dir_.Write("other.jsonl", "{\"kind\": 9}\n{\"kind\": 10}\n");
      dir_.Write("more.jsonl", "{\"kind\": 9}\n{\"kind\": 11}\n");
    }
    const auto entry = [&](const std::string& name) {
      return absl::StrCat(kind, ": ", name, ".", kind, "\ncolumns: {kind: {one_hot: yes}}");
    };
    const auto train = Train({entry("train")}, kind);
    ASSERT_TRUE(train.ok()) << train.status();
    EXPECT_THAT(train->at("kind")->symbols().names, ElementsAre("-2", "9", "10"));
    EXPECT_THAT(All(*train->at("kind")), ElementsAre(0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1, 0));
    const auto other = OpenAll({entry("other")}, kind);
    ASSERT_TRUE(other.ok()) << other.status();
    EXPECT_THAT(All(*other->at("kind")), ElementsAre(0, 1, 0, 0, 0, 1));
    EXPECT_THAT(
        OpenAll({entry("more")}, kind),
        FailsWith(kInvalid, absl::StrCat("sample 1 (more.", kind, ":", kind == "csv" ? 3 : 2,
                                         ") has '11', which is not "
                                         "among the 3 that the training data has")));
  }
}

TEST_F(EncodingTest, ValuesWithoutTextAreClassesByTheirNumber) {
  const std::string entry =
      "synthetic: {samples: 40, sources: {k: {type: integers, classes: 3}}}\n"
      "columns: {k: {one_hot: yes}}";
  const auto train = Train({entry}, "synthetic");
  ASSERT_TRUE(train.ok()) << train.status();
  EXPECT_THAT(train->at("k")->symbols().names, ElementsAre("0", "1", "2"));
  dir_.Write("real.csv", "x\n0.5\nnan\n");
  EXPECT_THAT(Train({"synthetic: {samples: 20000, sources: {k: {shape: [1]}}}\n"
                     "columns: {k: {one_hot: yes}}"},
                    "synthetic"),
              FailsWith(kInvalid, "columns.k: there are more than 10000 different values"));
}

TEST_F(EncodingTest, AllSuppliersOfTheTrainingTeach) {
  dir_.Write("a.csv", "x,kind\n0,rose\n2,lily\n");
  dir_.Write("b.csv", "x,kind\n10,aster\n12,rose\n");
  const std::string columns = "columns: {x: {normalize: standard}, kind: {one_hot: yes}}";
  const auto train = Train({"csv: a.csv\n" + columns, "csv: b.csv\n" + columns});
  ASSERT_TRUE(train.ok()) << train.status();
  EXPECT_THAT(train->at("kind")->symbols().names, ElementsAre("aster", "lily", "rose"));
  EXPECT_THAT(All(*train->at("kind")), ElementsAre(0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 1));
  const float deviation = std::sqrt(26.0F);  // of 0, 2, 10 and 12 around 6
  EXPECT_THAT(All(*train->at("x")),
              ElementsAre(FloatNear(-6 / deviation, 1e-6F), FloatNear(-4 / deviation, 1e-6F),
                          FloatNear(4 / deviation, 1e-6F), FloatNear(6 / deviation, 1e-6F)));
  EXPECT_THAT(Train({"csv: a.csv\n" + columns,
                     "csv: b.csv\ncolumns: {x: {normalize: min_max}, kind: {one_hot: yes}}"}),
              FailsWith(kInvalid, "normalized in another way; write the same for both"));
}

TEST_F(EncodingTest, SeveralColumnsOfTextHaveOneNumbering) {
  dir_.Write("pairs.csv", "a,b\nx,y\nz,x\n");
  const auto train = Train({"csv: pairs.csv\ncolumns: {both: {from: [a, b], one_hot: yes}}"});
  ASSERT_TRUE(train.ok()) << train.status();
  EXPECT_THAT(train->at("both")->symbols().names, ElementsAre("x", "y", "z"));
  EXPECT_THAT(All(*train->at("both")), ElementsAre(1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0));
}

TEST_F(EncodingTest, StatisticsOfTheTrainingDataHoldForOtherFiles) {
  dir_.Write("train.csv", "x\n1\n2\n3\n6\n");
  dir_.Write("new.csv", "x\n3\n10\n");
  const std::string columns = "\ncolumns: {y: {from: x, normalize: standard}}";
  const auto train = Train({"csv: train.csv" + columns});
  ASSERT_TRUE(train.ok()) << train.status();
  Reload();
  const auto fresh = OpenAll({"csv: new.csv" + columns});
  ASSERT_TRUE(fresh.ok()) << fresh.status();
  const float deviation = std::sqrt(3.5F);  // around 3
  EXPECT_THAT(All(*fresh->at("y")), ElementsAre(0, FloatNear(7 / deviation, 1e-6F)));
  // Row by row the same as in training, to the last bit.
  EXPECT_EQ(Sample(*fresh, "y", 0), Sample(*train, "y", 2));
  Forget();
  EXPECT_THAT(
      OpenAll({"csv: new.csv" + columns}),
      FailsWith(absl::StatusCode::kInvalidArgument,
                "columns.y: the weights old.kur have no statistics of 'y' to normalize with; "
                "give numbers"));
}

TEST_F(EncodingTest, FoldersOfPicturesAreNumberedAsInTraining) {
  for (const char* name : {"train/cat/1.png", "train/dog/1.png", "train/owl/1.png",
                           "fewer/owl/7.png", "other/owl/8.png", "other/yak/9.png"}) {
    WritePicture(name);
  }
  ASSERT_TRUE(Train({"images: train"}, "images").ok());
  const auto fewer = OpenAll({"images: fewer"}, "images");
  ASSERT_TRUE(fewer.ok()) << fewer.status();
  EXPECT_THAT(All(*fewer->at("labels")), ElementsAre(0, 0, 1));
  EXPECT_EQ(fewer->at("labels")->NameOf(0), "fewer/owl/7.png");
  EXPECT_THAT(OpenAll({"images: other"}, "images"),
              FailsWith(kInvalid,
                        "images: sample 1 (other/yak/9.png) has 'yak', which is not among the 3 "
                        "that the training data has for 'labels'"));
  EXPECT_THAT(OpenAll({"images: {path: train, classes: [owl, cat, dog]}"}, "images"),
              FailsWith(kInvalid,
                        "the list for 'labels' has 'owl' for the number 0, but the training data "
                        "has 'cat'; leave the list out, or write the same 3"));
  const auto renamed = Train({"images: train\ncolumns: {images: , animal: labels}"}, "images");
  ASSERT_TRUE(renamed.ok()) << renamed.status();
  EXPECT_THAT(model_->Find("animal")->symbols, ElementsAre("cat", "dog", "owl"));
}

TEST_F(EncodingTest, SoundIsNormalizedAndNumberedAsInTraining) {
  int tone = 0;
  for (const char* name :
       {"train/no/a.wav", "train/yes/b.wav", "new/yes/c.wav", "two/no/d.wav", "two/yes/e.wav"}) {
    ++tone;
    std::vector<int16_t> samples;
    for (int k = 0; k < 1600; ++k) {
      samples.push_back(static_cast<int16_t>(900 * std::sin(0.1 * tone * k) + k % 9));
    }
    dir_.Write(name, Wav({}, samples));
  }
  const auto train = Train({"audio_folder: train"}, "audio_folder");
  ASSERT_TRUE(train.ok()) << train.status();
  const auto alone = OpenSupplier(*View("audio_folder: two", "audio_folder"), Paths());
  ASSERT_TRUE(alone.ok()) << alone.status();
  Reload();
  const auto fresh = OpenAll({"audio_folder: new"}, "audio_folder");
  ASSERT_TRUE(fresh.ok()) << fresh.status();
  EXPECT_THAT(All(*fresh->at("labels")), ElementsAre(0, 1));
  const auto two = OpenAll({"audio_folder: two"}, "audio_folder");
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_NE(All(*two->at("audio")), All(*alone->at("audio")));
  const auto again = OpenAll({"audio_folder: train"}, "audio_folder");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(All(*again->at("audio")), All(*train->at("audio")));
}

TEST_F(EncodingTest, TranscriptsAreReadWithTheVocabularyOfTheTraining) {
  const auto write = [&](const std::string& folder, const std::vector<std::string>& texts) {
    std::string lines;
    for (const std::string& text : texts) {
      std::vector<int16_t> samples;
      for (int k = 0; k < 1600; ++k) samples.push_back(static_cast<int16_t>(k * 31 % 500));
      dir_.Write(absl::StrCat(folder, "/audio/", text, ".wav"), Wav({}, samples));
      absl::StrAppend(&lines, "{\"uuid\": \"", text, "\", \"duration_s\": 0.1, \"text\": \"", text,
                      "\"}\n");
    }
    dir_.Write(folder + "/data.jsonl", lines);
  };
  write("train", {"abe", "dab"});
  write("held", {"bed"});
  write("odd", {"bad", "cab"});
  ASSERT_TRUE(Train({"speech_recognition: {path: train}"}, "speech_recognition").ok());
  const auto held = OpenAll({"speech_recognition: {path: held}"}, "speech_recognition");
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_THAT(All(*held->at("transcript")), ElementsAre(1, 3, 2));  // of a, b, d, e
  EXPECT_THAT(OpenAll({"speech_recognition: {path: odd}"}, "speech_recognition"),
              FailsWith(kInvalid, "sample 1 (cab) has 'c', which is not among the 4 that"));
  // Unless something stands for what the model does not know.
  const auto replaced =
      OpenAll({"speech_recognition: {path: odd, unknown: e}"}, "speech_recognition");
  ASSERT_TRUE(replaced.ok()) << replaced.status();
  EXPECT_THAT(Sample(*replaced, "transcript", 1), ElementsAre(3, 0, 1));
}

TEST_F(EncodingTest, WeightsThatTellNothingAreWarnedOfOnce) {
  dir_.Write("two.csv", "a,b\nrose,x\nlily,y\n");
  const std::string columns = "\ncolumns: {a: {one_hot: yes}, b: {one_hot: yes}}";
  Forget();
  const auto sources = OpenAll({"csv: two.csv" + columns});
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(All(*sources->at("a")), ElementsAre(0, 1, 1, 0));
  ASSERT_THAT(warnings_, SizeIs(1));
  EXPECT_THAT(warnings_[0], HasSubstr("the weights old.kur have no word about how 'a' became"));
  // Given lists need nobody who knows them.
  warnings_.clear();
  Forget();
  ASSERT_TRUE(OpenAll({"csv: two.csv\ncolumns: {a: {one_hot: [rose, lily]}}"}).ok());
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST(EncodingsTest, AreKeptToTheLastBit) {
  Encodings encodings;
  encodings["a"].symbols = {"\"quoted\"", "", "ünï\n", "no"};
  encodings["b"].statistics["scale"] = {0.1, 1 / 3.0, -0.0, 5e-324, 1.7976931348623157e308};
  encodings["nothing"];
  const auto text = FormatEncodings(encodings);
  ASSERT_TRUE(text.ok()) << text.status();
  encodings.erase("nothing");
  const auto parsed = ParseEncodings(*text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, encodings);
  EXPECT_TRUE(std::signbit(parsed->at("b").statistics.at("scale")[2]));
}

TEST(EncodingsTest, WhatCannotBeKeptIsRefused) {
  Encodings encodings;
  encodings["a"].symbols = {"caf\xe9"};
  EXPECT_THAT(FormatEncodings(encodings), FailsWith(kInvalid, "'caf\\xe9' of 'a' is not UTF-8"));
  encodings["a"].symbols = {std::string(kMaxEncodingBytes, 'x')};
  EXPECT_THAT(FormatEncodings(encodings),
              FailsWith(absl::StatusCode::kResourceExhausted, "has room for 64"));
}

TEST(EncodingsTest, DamageIsFound) {
  for (const char* text :
       {"", "[]", "{\"a\": 1}", "{\"a\": {\"symbols\": 1}}", "{\"a\": {\"symbols\": [1]}}",
        "{\"a\": {\"symbols\": [\"x\", \"x\"]}}", "{\"a\": {\"scale\": [\"1\"]}}",
        "{\"a\": {\"scale\": [null]}}", "{\"a\": {\"scale\": [1e999]}}", "{\"a\": {"}) {
    EXPECT_EQ(ParseEncodings(text).status().code(), kDamaged) << text;
  }
}

TEST(SortClassesTest, NumbersAreSortedAsNumbers) {
  EXPECT_THAT(SortClasses({"10", "9", "-1"}), ElementsAre("-1", "9", "10"));
  EXPECT_THAT(SortClasses({"10", "9", "x"}), ElementsAre("10", "9", "x"));
  EXPECT_THAT(SortClasses({"1", "01"}), ElementsAre("01", "1"));
}

TEST_F(EncodingTest, AFewWordsSayWhatIsKnown) {
  EXPECT_EQ(SummarizeEncodings({}), "");
  Encodings encodings;
  encodings["kind"].symbols = {"rose", "yew"};
  encodings["size"].statistics = {{"scale", {1}}, {"offset", {0}}, {"missing", {2}}};
  encodings["text"].symbols.assign(30, "x");
  EXPECT_EQ(SummarizeEncodings(encodings),
            "kind: rose, yew; size: normalized, gaps filled; text: 30 symbols");
  for (const char* more : {"a", "b", "c"}) encodings[more].symbols = {"y", "n"};
  EXPECT_EQ(SummarizeEncodings(encodings),
            "a: y, n; b: y, n; c: y, n; kind: rose, yew; and of 2 more");
}

}  // namespace
}  // namespace kur
