// What `window`, `tokens` and `shape` make of the columns of a table.

#include "engine/data/columns/token_source.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class SeriesTest : public SupplierTest {
 protected:
  SeriesTest() {
    std::string table = "t,u\n";
    for (int i = 0; i < 10; ++i) absl::StrAppend(&table, i, ",", 10 * i, "\n");
    dir_.Write("s.csv", table);
  }
};

TEST_F(SeriesTest, AWindowIsARunOfRowsAndItsTargetIsAhead) {
  const auto sources = OpenView(
      "{csv: s.csv, columns: {x: {from: [t, u]}, y: t, z: u},"
      " window: {length: 3, stride: 2, ahead: 2, targets: [y]}}");
  ASSERT_TRUE(sources.ok()) << sources.status();
  const Source& x = *sources->at("x");
  EXPECT_EQ(x.size(), 3);  // rows 0 to 2, 2 to 4, 4 to 6; the next one's target would be row 10
  EXPECT_THAT(x.shape(), ElementsAre(3, 2));
  EXPECT_THAT(Gathered(x, {1, 0}), ElementsAre(2, 20, 3, 30, 4, 40, 0, 0, 1, 10, 2, 20));
  EXPECT_THAT(sources->at("y")->shape(), ElementsAre(1));
  EXPECT_THAT(Gathered(*sources->at("y"), {0, 1, 2}), ElementsAre(4, 6, 8));
  EXPECT_THAT(sources->at("z")->shape(), ElementsAre(3, 1));
  EXPECT_EQ(x.NameOf(0), "s.csv:4");  // its last row, below the header
  const auto spec = View(
      "{csv: s.csv, columns: {x: {from: [t, u]}, y: t}, "
      "window: {length: 3, targets: [y]}}");
  EXPECT_THAT(spec->KnownShapes().at("x"), ElementsAre(3, 2));
  EXPECT_THAT(spec->KnownShapes().at("y"), ElementsAre(1));
}

TEST_F(SeriesTest, WithoutTargetsTheLastRowsAreAWindowToo) {
  const auto sources = OpenView("{csv: s.csv, columns: [t], window: {length: 3}}");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->at("t")->size(), 8);
  EXPECT_THAT(Gathered(*sources->at("t"), {7}), ElementsAre(7, 8, 9));
}

TEST_F(SeriesTest, ASplitCutsTheSeriesSoThatNoWindowIsInTwoParts) {
  const std::string view =
      "{csv: s.csv, columns: {x: t, y: t}, split: {train: 0.6, validate: 0.4},"
      " window: {length: 2, targets: [y]}}";
  const auto train = OpenView(view);
  ASSERT_TRUE(train.ok()) << train.status();
  EXPECT_THAT(All(*train->at("x")), ElementsAre(0, 1, 1, 2, 2, 3, 3, 4));
  EXPECT_THAT(All(*train->at("y")), ElementsAre(2, 3, 4, 5));
  const auto validate = OpenView(view, "csv", "validate");
  ASSERT_TRUE(validate.ok()) << validate.status();
  EXPECT_THAT(All(*validate->at("x")), ElementsAre(6, 7, 7, 8));
  EXPECT_THAT(All(*validate->at("y")), ElementsAre(8, 9));
}

TEST_F(SeriesTest, ASeriesThatIsTooShortIsRefused) {
  EXPECT_THAT(
      OpenView("{csv: s.csv, columns: {x: t, y: t}, window: {length: 10, targets: [y]}}"),
      FailsWith(kInvalid, "the series of the 10 rows is too short: a window takes 10 and 1 ahead"));
}

TEST_F(SeriesTest, NoWindowHasRowsOfTwoSeries) {
  dir_.Write("g.csv", "store,v\nA,1\nA,2\nA,3\nB,10\nC,20\nC,21\nC,22\nC,23\n");
  const std::string window = "window: {length: 2, targets: [y], series: store}}";
  const auto sources = OpenView("{csv: g.csv, columns: {x: v, y: v}, " + window);
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(All(*sources->at("x")), ElementsAre(1, 2, 20, 21, 21, 22));
  EXPECT_THAT(All(*sources->at("y")), ElementsAre(3, 22, 23));
  EXPECT_EQ(sources->size(), 2U);
  // The column may be used, too, and without `columns` it is none of the sources.
  const auto named =
      OpenView("{csv: g.csv, columns: {y: v, s: {from: store, one_hot: yes}}, " + window);
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_THAT(Gathered(*named->at("s"), {0}), ElementsAre(1, 0, 0, 1, 0, 0));
  const auto spec = View("{csv: g.csv, window: {length: 3, series: store}}");
  const PathResolver paths = Paths();
  OpenContext context(paths);
  context.read = {"v"};
  std::string told;
  context.tell = [&](const std::string& text) { told = text; };
  const auto all = OpenSupplier(*spec, context);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->size(), 1U);
  EXPECT_THAT(All(*all->at("v")), ElementsAre(1, 2, 3, 20, 21, 22, 21, 22, 23));
  EXPECT_EQ(told, "train.data[0].csv: 1 of 3 series are left out, as a window takes 3 rows");
  EXPECT_THAT(OpenView("{csv: g.csv, columns: [v], window: {length: 5, series: store}}"),
              FailsWith(kInvalid, "every series of the 8 rows is too short: a window takes 5"));
  EXPECT_THAT(OpenView("{csv: g.csv, columns: [v], window: {length: 2, series: shop}}"),
              FailsWith(kInvalid, "the data have no column 'shop'"));
}

TEST_F(SeriesTest, ATargetThatIsNotThereIsNamed) {
  EXPECT_THAT(OpenView("{csv: s.csv, window: {length: 2, targets: [tt]}}"),
              FailsWith(kInvalid, "there is no source 'tt'; did you mean 't'?"));
}

TEST_F(SeriesTest, AShapeIsGivenInTheEnd) {
  const auto sources = OpenView(
      "{csv: s.csv, columns: {x: {from: [t, u], normalize: {mean: 0, std: 10}, "
      "shape: [1, 2, 1]}}}");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(sources->at("x")->shape(), ElementsAre(1, 2, 1));
  EXPECT_THAT(Gathered(*sources->at("x"), {3}), ElementsAre(0.3F, 3));
  EXPECT_THAT(OpenView("{csv: s.csv, columns: {x: {from: [t, u], shape: [3]}}}"),
              FailsWith(kInvalid, "its samples have the shape (2,), which cannot become (3,)"));
}

TEST(TokensTest, WordsAreLettersAndDigitsWithoutAGap) {
  TokenSpec words;
  EXPECT_THAT(SplitTokens("It's 2 Čaj-cups; \"don't!\" 'so'", words),
              ElementsAre("it's", "2", "čaj", "cups", "don't", "so"));
  words.lower = false;
  EXPECT_THAT(SplitTokens("It IS", words), ElementsAre("It", "IS"));
  TokenSpec characters;
  characters.by = "characters";
  EXPECT_THAT(SplitTokens("Hé!", characters), ElementsAre("h", "é", "!"));
}

TEST_F(SeriesTest, TextsBecomeSequencesOfTheWordsOfTheTraining) {
  dir_.Write("r.csv",
             "text,kind\n\"A good, good film\",good\nNot good,bad\n,bad\nBad film a,bad\n");
  const std::string columns = ", columns: {text: {tokens: {size: 5}}, kind: {one_hot: yes}}}";
  const auto spec = View("{csv: r.csv" + columns);
  ASSERT_NE(spec, nullptr) << errors_;
  const PathResolver paths = Paths();
  OpenContext context(paths);
  const auto train = OpenSupplier(*spec, context);
  ASSERT_TRUE(train.ok()) << train.status();
  const Source& text = *train->at("text");
  // good is there three times, a and film twice, and the others do not fit in.
  EXPECT_THAT(text.symbols().names, ElementsAre("<padding>", "<unknown>", "good", "a", "film"));
  EXPECT_THAT(text.shape(), ElementsAre(kUnknown));
  EXPECT_THAT(Gathered(text, {0, 1, 2, 3}),
              ElementsAre(3, 2, 2, 4, 1, 2, 0, 0, 0, 0, 0, 0, 1, 4, 3, 0));
  EXPECT_EQ(text.Length(2), 0);
  EXPECT_EQ(text.TextOf(1), "Not good");
  EXPECT_EQ(text.NameOf(1), "r.csv:3");
  // What the model has learnt holds for other texts.
  context.model->StopLearning();
  dir_.Write("n.jsonl", "{\"text\": \"film noir, not bad\", \"kind\": \"bad\"}\n");
  const auto other = View("{jsonl: n.jsonl" + columns, "jsonl", "test");
  ASSERT_NE(other, nullptr) << errors_;
  const auto test = OpenSupplier(*other, context);
  ASSERT_TRUE(test.ok()) << test.status();
  EXPECT_THAT(Gathered(*test->at("text"), {0}), ElementsAre(4, 1, 1, 1));
  EXPECT_THAT(Gathered(*test->at("kind"), {0}), ElementsAre(1, 0));
}

TEST_F(SeriesTest, WordsAreLearntOfThePartThatIsTrainedWith) {
  std::string table = "text\n";
  for (int i = 0; i < 20; ++i) absl::StrAppend(&table, "word", i, "\n");
  dir_.Write("r.csv", table);
  const auto train =
      OpenView("{csv: r.csv, columns: {text: {tokens: words}}, split: {train: 0.5, test: 0.5}}");
  ASSERT_TRUE(train.ok()) << train.status();
  EXPECT_EQ(train->at("text")->size(), 10);
  EXPECT_EQ(train->at("text")->symbols().names.size(), 12U);  // with padding and unknown
}

TEST_F(SeriesTest, SequencesMayHaveOneLength) {
  dir_.Write("r.csv", "text\na b c\nb\n");
  const auto sources =
      OpenView("{csv: r.csv, columns: {text: {tokens: {by: characters, size: 100, length: 2}}}}");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(sources->at("text")->shape(), ElementsAre(2));
  // " " and "b" are there twice, and " " is the lesser one.
  EXPECT_THAT(All(*sources->at("text")), ElementsAre(4, 2, 3, 0));
}

TEST(TokensTest, CapitalsAndAccentsAreTheSameHoweverTheyAreWritten) {
  const TokenSpec words;
  EXPECT_THAT(SplitTokens("CAF\u00c9 cafe\u0301 Caf\u00e9", words),
              ElementsAre("caf\u00e9", "caf\u00e9", "caf\u00e9"));
}

}  // namespace
}  // namespace kur
