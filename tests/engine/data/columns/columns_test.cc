// The keys `columns` and `split` of an entry of `data`.

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_join.h"
#include "engine/data/array_source.h"
#include "engine/data/columns/column_source.h"
#include "engine/data/columns/column_statistics.h"
#include "engine/data/columns/float_column.h"
#include "engine/data/subset_source.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::FloatNear;
using testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

constexpr char kFlowers[] =
    "length,width,species,note\n"
    "1,10,rose,a\n"
    "2,30,lily,b\n"
    "3,20,rose,c\n"
    "4,40,tulip,\n";

class ColumnsTest : public SupplierTest {
 protected:
  void SetUp() override { dir_.Write("flowers.csv", kFlowers); }

  // Writes a table with one column that holds the numbers of the rows.
  void WriteNumbers(int rows) {
    std::string text = "x\n";
    for (int i = 0; i < rows; ++i) absl::StrAppend(&text, i, "\n");
    dir_.Write("numbers.csv", text);
  }
};

TEST_F(ColumnsTest, LinesOfJsonMayHoldTextsToo) {
  dir_.Write("flowers.jsonl",
             "{\"name\": \"a\", \"length\": 1, \"species\": \"rose\"}\n"
             "{\"name\": null, \"length\": 2, \"species\": \"lily\"}\n");
  const auto sources =
      OpenView("{jsonl: flowers.jsonl, columns: {input: length, species: {one_hot: [lily, rose]}}}",
               "jsonl");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(*sources, ElementsAre(testing::Key("input"), testing::Key("species")));
  EXPECT_THAT(All(*sources->at("input")), ElementsAre(1, 2));
  EXPECT_THAT(All(*sources->at("species")), ElementsAre(0, 1, 1, 0));
  EXPECT_THAT(sources->at("species")->symbols().names, ElementsAre("lily", "rose"));
  EXPECT_THAT(OpenView("{jsonl: flowers.jsonl, columns: [length, specie]}", "jsonl"),
              FailsWith(kInvalid, "the data have no column 'specie'; did you mean 'species'?"));
  EXPECT_THAT(OpenView("{jsonl: flowers.jsonl, columns: {species: {one_hot: [rose]}}}", "jsonl"),
              FailsWith(kInvalid, "flowers.jsonl:2: key 'species': 'lily' is none of the classes"));
}

TEST_F(ColumnsTest, OnlyWhatIsNamedRemainsAndTextsBecomeClasses) {
  const auto sources = OpenView(
      "csv: flowers.csv\n"
      "columns:\n"
      "  size: [width, length]\n"
      "  label: {from: species, one_hot: [rose, lily, tulip]}\n"
      "  length:\n");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->size(), 3U);
  EXPECT_THAT(sources->at("size")->shape(), ElementsAre(2));
  EXPECT_THAT(All(*sources->at("size")), ElementsAre(10, 1, 30, 2, 20, 3, 40, 4));
  EXPECT_THAT(sources->at("label")->shape(), ElementsAre(3));
  EXPECT_THAT(All(*sources->at("label")), ElementsAre(1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1));
  EXPECT_THAT(All(*sources->at("length")), ElementsAre(1, 2, 3, 4));
}

TEST_F(ColumnsTest, AListOfNamesSelects) {
  const auto sources = OpenView("{csv: flowers.csv, columns: [width, length]}");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->size(), 2U);
  EXPECT_THAT(All(*sources->at("width")), ElementsAre(10, 30, 20, 40));
}

TEST_F(ColumnsTest, AColumnThatIsNotThereIsAnErrorWhereItIsNamed) {
  EXPECT_THAT(OpenView("csv: flowers.csv\ncolumns:\n  size: [length, widht]\n"),
              FailsWith(kInvalid,
                        "test.yml:3:3: error: train.data[0].columns.size: the data have no column "
                        "'widht'; did you mean 'width'?"));
  EXPECT_THAT(OpenView("csv: flowers.csv\ncolumns: [qqqqqqq]\n"),
              FailsWith(kInvalid, "'qqqqqqq'; there are: length, width, species, note"));
  // A supplier that reads all columns reports it, too.
  EXPECT_THAT(
      OpenView("synthetic: {samples: 2, sources: {images: {shape: [2]}}}\n"
               "columns: {x: image}\n",
               "synthetic"),
      FailsWith(kInvalid, "columns.x: the data have no column 'image'; did you mean 'images'"));
}

TEST_F(ColumnsTest, ATextThatIsNoClassIsAnErrorInItsRow) {
  EXPECT_THAT(OpenView("csv: flowers.csv\ncolumns:\n  species: {one_hot: [rose, lily, tulips]}\n"),
              FailsWith(kInvalid,
                        "flowers.csv:5: column 3 ('species'): 'tulip' is none of the classes; did "
                        "you mean 'tulips'?"));
}

TEST_F(ColumnsTest, NumbersBecomeClasses) {
  const auto counted = OpenView("{csv: flowers.csv, columns: {length: {one_hot: 5}}}");
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_THAT(Sample(*counted, "length", 3), ElementsAre(0, 0, 0, 0, 1));
  const auto listed = OpenView("{csv: flowers.csv, columns: {width: {one_hot: [40, 30, 20, 10]}}}");
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_THAT(Sample(*listed, "width", 0), ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(OpenView("{csv: flowers.csv, columns: {length: {one_hot: 4}}}"),
              FailsWith(kInvalid,
                        "columns.length: sample 3 (flowers.csv:5) has the value 4; the numbers of "
                        "the classes are "
                        "integers from 0 to 3"));
  EXPECT_THAT(OpenView("{csv: flowers.csv, columns: {width: {one_hot: [10, 20, 30]}}}"),
              FailsWith(kInvalid,
                        "sample 3 (flowers.csv:5) has the value 40, which is none of the classes"));
}

TEST_F(ColumnsTest, GivenNumbersScale) {
  const auto sources = OpenView(
      "csv: flowers.csv\n"
      "columns:\n"
      "  a: {from: [length, width], normalize: {mean: [2, 20], std: [0.5, 10]}}\n"
      "  b: {from: [length, width], normalize: {min: 0, max: [4, 40]}}\n"
      "  c: {from: width, normalize: {scale: 2, offset: -1}}\n"
      "  d: {from: width, normalize: {offset: -10}}\n");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(Sample(*sources, "a", 1), ElementsAre(0, 1));
  EXPECT_THAT(Sample(*sources, "a", 3), ElementsAre(4, 2));
  EXPECT_THAT(Sample(*sources, "b", 1), ElementsAre(0.5, 0.75));
  EXPECT_THAT(Sample(*sources, "c", 2), ElementsAre(39));
  EXPECT_THAT(Sample(*sources, "d", 2), ElementsAre(10));
  EXPECT_THAT(OpenView("{csv: flowers.csv, columns: {width: {normalize: {mean: [1, 2], std: 1}}}}"),
              FailsWith(kInvalid, "there are 2 numbers for a last axis of the length 1"));
}

TEST_F(ColumnsTest, StatisticsAreThoseOfTheTrainingPartInEverySection) {
  WriteNumbers(100);
  const std::string text =
      "csv: numbers.csv\n"
      "columns: {raw: x, x: {normalize: standard}, u: {from: x, normalize: min_max}}\n"
      "split: {validate: 0.3}\n";
  const auto train = OpenView(text);
  ASSERT_TRUE(train.ok()) << train.status();
  const std::vector<float> raw = All(*train->at("raw"));
  ASSERT_EQ(raw.size(), 70U);
  double mean = 0;
  for (const float value : raw) mean += value / 70.0;
  double variance = 0;
  for (const float value : raw) variance += (value - mean) * (value - mean) / 70.0;
  const float least = *std::min_element(raw.begin(), raw.end());
  const float most = *std::max_element(raw.begin(), raw.end());
  for (const std::string section : {"train", "validate"}) {
    const auto sources = OpenView(text, "csv", section);
    ASSERT_TRUE(sources.ok()) << sources.status();
    for (int64_t i = 0; i < sources->at("raw")->size(); ++i) {
      const float value = Sample(*sources, "raw", i)[0];
      EXPECT_THAT(Sample(*sources, "x", i)[0],
                  FloatNear(static_cast<float>((value - mean) / std::sqrt(variance)), 1e-5F));
      EXPECT_THAT(Sample(*sources, "u", i)[0], FloatNear((value - least) / (most - least), 1e-6F));
    }
  }
}

TEST_F(ColumnsTest, WhatNeverVariesIsNotScaled) {
  dir_.Write("same.csv", "x\n7\n7\n7\n7\n");
  const auto sources = OpenView(
      "{csv: same.csv, columns: {x: {normalize: standard}, y: {from: x, normalize: min_max}}, "
      "split: {train: 1}}");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(All(*sources->at("x")), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(All(*sources->at("y")), ElementsAre(0, 0, 0, 0));
}

TEST_F(ColumnsTest, StatisticsOfWhatIsNotFiniteAreRefused) {
  dir_.Write("odd.csv", "x\n7\ninf\n");
  EXPECT_THAT(
      OpenView("{csv: odd.csv, columns: {x: {normalize: standard}}, split: {train: 1}}"),
      FailsWith(
          kInvalid,
          "columns.x: sample 1 (odd.csv:3) has the value inf, so that there are no statistics"));
}

TEST_F(ColumnsTest, LargeValuesOfSmallDeviationKeepTheirPrecision) {
  const auto values =
      *ArraySource::Create(*Array::FromValues<float>({3}, {8388606, 8388607, 8388608}));
  const auto scaling = LearnScaling(ColumnScaling::Kind::kStandard, {{values, {0, 1, 2}}});
  ASSERT_TRUE(scaling.ok()) << scaling.status();
  const auto scaled = ScaleColumn(values, *scaling);
  ASSERT_TRUE(scaled.ok()) << scaled.status();
  const float one = std::sqrt(1.5F);
  EXPECT_THAT(All(**scaled),
              ElementsAre(FloatNear(-one, 1e-6F), FloatNear(0, 1e-6F), FloatNear(one, 1e-6F)));
}

TEST_F(ColumnsTest, PositionsOfTheLastAxisHaveStatisticsOfTheirOwn) {
  // Two samples of two rows with two channels.
  const auto values =
      *ArraySource::Create(*Array::FromValues<float>({2, 2, 2}, {0, 100, 2, 300, 4, 100, 6, 300}));
  const auto scaling = LearnScaling(ColumnScaling::Kind::kMinMax, {{values, {0, 1}}});
  ASSERT_TRUE(scaling.ok()) << scaling.status();
  const auto scaled = ScaleColumn(values, *scaling);
  ASSERT_TRUE(scaled.ok()) << scaled.status();
  EXPECT_THAT(Gathered(**scaled, {0}), ElementsAre(0, 0, FloatNear(1 / 3.0F, 1e-6F), 1));
}

TEST_F(ColumnsTest, ImagesAreCombinedAlongTheirLastAxisAndLabelsOfSequencesGetOneMore) {
  const auto a = *ArraySource::Create(*Array::FromValues<float>({1, 2, 1}, {1, 2}));
  const auto b = *ArraySource::Create(*Array::FromValues<float>({1, 2, 2}, {3, 4, 5, 6}));
  const auto both = CombineColumns({a, b});
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_THAT((*both)->shape(), ElementsAre(2, 3));
  EXPECT_THAT(All(**both), ElementsAre(1, 3, 4, 2, 5, 6));
  const auto c = *ArraySource::Create(*Array::FromValues<float>({1, 3, 1}, {1, 2, 0}));
  EXPECT_THAT(CombineColumns({a, c}),
              FailsWith(kInvalid, "(2, 1) and (3, 1) cannot be put together"));
  const auto labels = *ArraySource::Create(*Array::FromValues<float>({1, 2}, {1, 0}));
  const auto one_hot = EncodeOneHot(labels, {/*is_inferred=*/false, 2, {}, {}});
  ASSERT_TRUE(one_hot.ok()) << one_hot.status();
  EXPECT_THAT((*one_hot)->shape(), ElementsAre(2, 2));
  EXPECT_THAT(All(**one_hot), ElementsAre(0, 1, 1, 0));
}

TEST_F(ColumnsTest, RaggedSourcesAreConvertedAndWhatFillsThemUpStaysZero) {
  dir_.Write("ragged.jsonl",
             "{\"x\": [1], \"p\": [[1, 10]], \"q\": [[5]]}\n"
             "{\"x\": [], \"p\": [], \"q\": []}\n"
             "{\"x\": [2, 0, 1], \"p\": [[3, 30], [5, 50], [7, 70]], \"q\": [[6], [7], [8]]}\n");
  const auto sources = OpenView(
      "{jsonl: ragged.jsonl, columns: {classes: {from: x, one_hot: 3}, "
      "scaled: {from: p, normalize: {scale: [2, 1], offset: [0, -1]}}, "
      "moved: {from: x, normalize: {scale: 1, offset: 10}}, both: {from: [p, q]}}}",
      "jsonl");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(sources->at("classes")->shape(), ElementsAre(kUnknown, 3));
  EXPECT_THAT(All(*sources->at("classes")), ElementsAre(0, 1, 0, 0, 0, 0, 0, 0, 0,  //
                                                        0, 0, 0, 0, 0, 0, 0, 0, 0,  //
                                                        0, 0, 1, 1, 0, 0, 0, 1, 0));
  EXPECT_THAT(All(*sources->at("scaled")),
              ElementsAre(2, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 29, 10, 49, 14, 69));
  EXPECT_THAT(Gathered(*sources->at("moved"), {1, 0}), ElementsAre(0, 11));
  EXPECT_THAT(sources->at("both")->shape(), ElementsAre(kUnknown, 3));
  EXPECT_THAT(All(*sources->at("both")), ElementsAre(1, 10, 5, 0, 0, 0, 0, 0, 0,  //
                                                     0, 0, 0, 0, 0, 0, 0, 0, 0,   //
                                                     3, 30, 6, 5, 50, 7, 7, 70, 8));
  EXPECT_EQ(sources->at("both")->Length(1), 0);
  EXPECT_THAT(
      OpenView("{jsonl: ragged.jsonl, columns: {x: {one_hot: 2}}}", "jsonl"),
      FailsWith(kInvalid, "columns.x: sample 2 (ragged.jsonl:3) has the value 2; the numbers"));
  EXPECT_THAT(
      OpenView("{jsonl: ragged.jsonl, columns: {y: {from: [x, x]}}}", "jsonl"),
      FailsWith(kInvalid, "(?,) cannot be put together along their last axis, as it varies"));
}

TEST_F(ColumnsTest, StatisticsOfRaggedSourcesAreThoseOfWhatIsThere) {
  dir_.Write("ragged.jsonl", "{\"x\": [1, 5]}\n{\"x\": []}\n{\"x\": [3]}\n");
  const auto sources = OpenView(
      "{jsonl: ragged.jsonl, columns: {x: {normalize: min_max}}, split: {train: 1}}", "jsonl");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(All(*sources->at("x")), ElementsAre(0, 1, 0, 0, 0.5, 0));
}

TEST_F(ColumnsTest, RaggedSamplesThatDifferInLengthAreNotPutTogether) {
  dir_.Write("ragged.jsonl",
             "{\"p\": [[1], [2]], \"q\": [[5], [6]]}\n{\"p\": [[1]], \"q\": [[5], [6], [7]]}\n");
  const auto sources = OpenView("{jsonl: ragged.jsonl, columns: {both: {from: [p, q]}}}", "jsonl");
  ASSERT_TRUE(sources.ok()) << sources.status();
  const Source& both = *sources->at("both");
  EXPECT_THAT(Gathered(both, {0}), ElementsAre(1, 5, 2, 6));
  const int64_t second = 1;
  std::vector<float> to(6);
  const absl::Status gathered = both.Gather(&second, 1, both.Extent(&second, 1), to.data());
  EXPECT_EQ(gathered.code(), kInvalid);
  EXPECT_THAT(std::string(gathered.message()),
              HasSubstr("sample 1 (ragged.jsonl:2) has the length 1 in one and 3 in another"));
}

TEST_F(ColumnsTest, RaggedSourcesAreSplitAndRenamed) {
  dir_.Write("ragged.jsonl", "{\"x\": [1]}\n{\"x\": [2, 3]}\n{\"x\": [4, 5, 6]}\n{\"x\": [7]}\n");
  const auto sources =
      OpenView("{jsonl: ragged.jsonl, columns: {y: x}, split: {train: 0.5}}", "jsonl");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->at("y")->size(), 2);
  EXPECT_THAT(sources->at("y")->shape(), ElementsAre(kUnknown));

  FloatColumn column;
  for (const float value : {1, 2, 3, 4, 5, 6}) column.Push(value);
  column.EndSample(1);
  column.EndSample(2);
  column.EndSample(3);
  const SubsetSource part(*std::move(column).Build({}),
                          std::make_shared<const std::vector<int64_t>>(std::vector<int64_t>{1, 2}));
  EXPECT_EQ(part.size(), 2);
  EXPECT_THAT(Gathered(part, {1, 0}), ElementsAre(4, 5, 6, 2, 3, 0));
  EXPECT_THAT(Gathered(part, {0}), ElementsAre(2, 3));
}

TEST_F(ColumnsTest, PartsAreDisjointAndTogetherEverything) {
  for (const int rows : {5, 7, 100, 101}) {
    WriteNumbers(rows);
    std::vector<float> all;
    for (const std::string section : {"train", "validate", "test", "evaluate"}) {
      const auto sources = OpenView(
          "{csv: numbers.csv, split: {test: 0.2, train: 0.35, validate: 0.2}}", "csv", section);
      ASSERT_TRUE(sources.ok()) << sources.status();
      const std::vector<float> part = All(*sources->at("x"));
      EXPECT_TRUE(std::is_sorted(part.begin(), part.end()));
      all.insert(all.end(), part.begin(), part.end());
    }
    std::sort(all.begin(), all.end());
    std::vector<float> expected(static_cast<size_t>(rows));
    std::iota(expected.begin(), expected.end(), 0.0F);
    EXPECT_THAT(all, ElementsAreArray(expected));
  }
}

TEST_F(ColumnsTest, MembershipIsAFunctionOfTheSeedAlone) {
  WriteNumbers(50);
  const auto part = [&](const std::string& split) {
    const auto sources = OpenView("{csv: numbers.csv, split: " + split + "}");
    EXPECT_TRUE(sources.ok()) << sources.status();
    return All(*sources->at("x"));
  };
  const auto first = part("{train: 0.5, seed: 3}");
  EXPECT_EQ(part("{validate: 0.1, train: 0.5, seed: 3}"), first);
  EXPECT_NE(part("{train: 0.5, seed: 4}"), first);
  EXPECT_NE(first.back(), 24);  // not just the first half
}

TEST_F(ColumnsTest, SharesThatSumUpToOneLeaveNothing) {
  SplitSpec split;
  split.train = 0.7;
  split.validate = 0.2;
  split.test = 0.1;
  EXPECT_EQ(split.Remainder(), 0);
  EXPECT_EQ(split.PartOf("train", 10), std::make_pair(int64_t{0}, int64_t{7}));
  EXPECT_EQ(split.PartOf("validate", 10), std::make_pair(int64_t{7}, int64_t{9}));
  EXPECT_EQ(split.PartOf("test", 10), std::make_pair(int64_t{9}, int64_t{10}));
  EXPECT_EQ(split.PartOf("test", 1), std::make_pair(int64_t{1}, int64_t{1}));
  EXPECT_EQ(split.PartOf("train", 1), std::make_pair(int64_t{0}, int64_t{1}));
}

TEST_F(ColumnsTest, AnEmptyPartIsAnError) {
  WriteNumbers(3);
  EXPECT_THAT(OpenView("csv: numbers.csv\nsplit: {train: 0.1, test: 0.9}\n"),
              FailsWith(kInvalid,
                        "test.yml:2:1: error: train.data[0].split: none of the 3 samples is in the "
                        "part of the section 'train'"));
}

TEST_F(ColumnsTest, SuppliersBesideEachOtherAreSplitAlike) {
  WriteNumbers(20);
  const auto a = View("{csv: numbers.csv, columns: {a: x}, split: {train: 0.5}}");
  const auto b = View("{csv: numbers.csv, columns: {b: x}, split: {train: 0.5}}");
  const auto other = View("{csv: numbers.csv, columns: {b: x}, split: {train: 0.5, seed: 1}}");
  const auto both = OpenSuppliers({a, b}, Paths());
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(All(*both->at("a")), All(*both->at("b")));
  EXPECT_THAT(
      OpenSuppliers({a, other}, Paths()),
      FailsWith(kInvalid, "stand beside those of train.data[0].csv, which are split differently"));
}

TEST_F(ColumnsTest, ShapesFollowTheColumns) {
  const auto flowers = View(
      "{csv: flowers.csv, columns: {size: [length, width], species: {one_hot: [rose, lily, "
      "tulip]}}}");
  ASSERT_NE(flowers, nullptr) << errors_;
  EXPECT_THAT(flowers->KnownShapes().at("size"), ElementsAre(2));
  EXPECT_THAT(flowers->KnownShapes().at("species"), ElementsAre(3));
  const auto digits = View(
      "{synthetic: {samples: 2, sources: {i: {shape: [4, 2]}, n: {type: integers, classes: 3}}}, "
      "columns: {image: i, label: {from: n, one_hot: 3}, other: unknown}}",
      "synthetic");
  ASSERT_NE(digits, nullptr) << errors_;
  EXPECT_EQ(digits->KnownShapes().size(), 2U);
  EXPECT_THAT(digits->KnownShapes().at("image"), ElementsAre(4, 2));
  EXPECT_THAT(digits->KnownShapes().at("label"), ElementsAre(3));
}

TEST_F(ColumnsTest, SpecsRefuseWhatMakesNoSense) {
  const std::pair<const char*, const char*> kCases[] = {
      {"columns: {}", "columns: names no column"},
      {"columns: 3", "a list of names, or a dictionary"},
      {"columns: [a, a]", "the column \"a\" is there twice"},
      {"columns: {a: {one_hot: [x, y, x]}}", "columns.a.one_hot: the class \"x\" is there twice"},
      {"columns: {a: {one_hot: [x, 1]}}", "some classes are texts and some numbers"},
      {"columns: {a: {one_hot: [yes, no]}}", "got true; put the word between quotes"},
      {"columns: {a: {one_hot: 0}}", "there must be from 1 to"},
      {"columns: {a: {one_hot: []}}", "there must be from 1 to"},
      {"columns: {a: {one_hot: 2, normalize: {scale: 1}}}", "has both one_hot and normalize"},
      {"columns: {a: {normalise: standard}}", "did you mean 'normalize'?"},
      {"columns: {a: {normalize: standart}}", "standard, min_max, {mean, std}"},
      {"columns: {a: {one_hot: no}}", "columns.a.one_hot: expected"},
      {"columns: {a: {normalize: min_max}}\nsplit: {test: 1}", "nothing for it"},
      {"columns: {a: {normalize: {mean: 1}}}", "give either mean and std, or"},
      {"columns: {a: {normalize: {mean: 1, std: 1, scale: 1}}}", "give either mean and std, or"},
      {"columns: {a: {normalize: {mean: 1, std: 0}}}", "std must be greater than 0"},
      {"columns: {a: {normalize: {mean: 1, std: 1.0e-320}}}", "the numbers are too far apart"},
      {"columns: {a: {normalize: {scale: .inf}}}", "must be finite numbers"},
      {"columns: {a: {one_hot: [1, 1.0]}}", "the class 1.0 is there twice"},
      {"columns: {a: {normalize: {min: [1, 2], max: [3, 2]}}}", "min must be less than max"},
      {"columns: {a: {normalize: {min: [1, 2], max: [3, 2, 1]}}}", "the lists have 2 and 3"},
      {"columns: {a: {one_hot: [x, y]}, b: a}", "columns.b: 'a' is read with other texts for"},
      {"columns: {a: {shape: [2, 0]}}", "columns.a.shape: must be up to 8 extents of at least 1"},
      {"columns: {a: {tokens: words, one_hot: yes}}", "columns.a.tokens: are made of the texts"},
      {"columns: {a: {tokens: letters}}", "must be one of: words, characters"},
      {"columns: {a: {tokens: {size: 2}}}", "tokens.size: must be at least 3"},
      {"window: {stride: 2}", "window: missing key 'length'"},
      {"window: {length: 0}", "window.length: must be at least 1"},
      {"columns: [a]\nwindow: {length: 2, targets: [b]}", "there is no column 'b'"},
      {"columns: {a: {missing: drop}}\nwindow: {length: 2}", "would tear the series"},
      {"split: {train: 0.8, test: 0.3}", "the shares are 1.1 together, more than 1"},
      {"split: {}", "give at least one section its share"},
      {"split: {train: 0}", "greater than 0 and at most 1"},
      {"split: {tran: 1}", "did you mean 'train'?"},
      {"split: {test: 1}", "nothing is left for the section 'train'"},
  };
  for (const auto& [keys, message] : kCases) {
    EXPECT_EQ(View(absl::StrCat("csv: flowers.csv\n", keys, "\n")), nullptr) << keys;
    EXPECT_THAT(errors_, HasSubstr(message)) << keys;
  }
  EXPECT_EQ(View("{safetensors: a.st, columns: {a: {one_hot: [x, y]}}}", "safetensors"), nullptr);
  EXPECT_THAT(errors_, HasSubstr("there are no texts in data of the kind safetensors"));
}

TEST_F(ColumnsTest, WithoutKeysASupplierIsLeftAlone) {
  const auto plain = View("{csv: flowers.csv, columns: null, split: null}");
  ASSERT_NE(plain, nullptr) << errors_;
  EXPECT_EQ(plain->view(), nullptr);
}

}  // namespace
}  // namespace kur
