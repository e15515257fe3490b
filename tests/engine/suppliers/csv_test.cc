// The supplier csv.

#include <cmath>

#include "absl/strings/str_join.h"
#include "engine/data/columns/csv_columns.h"
#include "engine/formats/byte_input.h"
#include "engine/formats/csv_rows.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

absl::StatusOr<SourceMap> Read(const std::string& text, const CsvOptions& options = {}) {
  return ReadCsvColumns(*ByteInput::FromMemory(text), "d.csv", options);
}

// Returns all values of a source of single numbers.
std::vector<float> All(const SourceMap& sources, const std::string& name) {
  const Source& source = *sources.at(name);
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < source.size(); ++i) indices.push_back(i);
  return Gathered(source, indices);
}

class CsvTest : public SupplierTest {};

TEST_F(CsvTest, TheHeaderNamesTheColumns) {
  dir_.Write("data.csv", "x,y , label\n1,2.5,0\n-3e2,+4,1\n");
  const auto sources = Open("csv", Value("data.csv"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->size(), 3U);
  EXPECT_THAT(sources->at("x")->shape(), ElementsAre(1));
  EXPECT_THAT(All(*sources, "x"), ElementsAre(1, -300));
  EXPECT_THAT(All(*sources, "y"), ElementsAre(2.5, 4));
  EXPECT_THAT(All(*sources, "label"), ElementsAre(0, 1));
}

TEST_F(CsvTest, WithoutAHeaderColumnsAreNumbered) {
  dir_.Write("data.csv", "1\t2\n3\t4");
  const auto sources =
      Open("csv", MakeDict({{"path", Value("data.csv")}, {"header", Value(false)}}));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->size(), 2U);
  EXPECT_THAT(All(*sources, "column_0"), ElementsAre(1, 3));
  EXPECT_THAT(All(*sources, "column_1"), ElementsAre(2, 4));
}

TEST_F(CsvTest, TheFormatOverridesWhatTheFileLooksLike) {
  dir_.Write("data.csv", "a|b,c\n1|2\n3|$4$\n");
  const auto sources = Open(
      "csv", MakeDict({{"path", Value("data.csv")},
                       {"format", MakeDict({{"delimiter", Value("|")}, {"quote", Value("$")}})}}));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(All(*sources, "b,c"), ElementsAre(2, 4));
}

TEST_F(CsvTest, ReadsQuotedCells) {
  const auto good = Read(
      "\xef\xbb\xbf\"x\",\"a \"\"b\"\"\", \"two\nlines, of text\" ,z\r\n"
      "\"1\", \"2\" ,3,4\r\n"
      "\r\n"
      "5,\"6\",7,\" 8\"");
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_THAT(All(*good, "x"), ElementsAre(1, 5));
  EXPECT_THAT(All(*good, "a \"b\""), ElementsAre(2, 6));
  EXPECT_THAT(All(*good, "two\nlines, of text"), ElementsAre(3, 7));
  EXPECT_THAT(All(*good, "z"), ElementsAre(4, 8));
}

TEST_F(CsvTest, ReadsWhateverIsANumber) {
  const auto sources = Read("x\n1e-50\n1e50\n-1e999\ninf\n-Infinity\n.5\n0000\n 7 \n");
  EXPECT_THAT(sources, FailsWith(kInvalid, "d.csv:4: column 1 ('x'): '-1e999' is no number"));
  const auto good = Read("x\n1e-50\n1e50\ninf\n-Infinity\n.5\n0000\n 7 \n");
  ASSERT_TRUE(good.ok()) << good.status();
  const auto values = All(*good, "x");
  EXPECT_THAT(values, ElementsAre(0, INFINITY, INFINITY, -INFINITY, 0.5, 0, 7));
}

TEST_F(CsvTest, SaysWhichCellIsWrong) {
  dir_.Write("data.csv", "x,y\n1,2\n3,four\n");
  EXPECT_THAT(Open("csv", Value("data.csv")),
              FailsWith(kInvalid,
                        "train.data[0].csv: data.csv:3: column 2 ('y'): 'four' is no "
                        "number"));
  EXPECT_THAT(
      Read("x,y\n1,\n"),
      FailsWith(kInvalid,
                "d.csv:2: column 2 ('y') holds nothing there (of 1); columns: {y: {missing"));
  EXPECT_THAT(Read("x,y\n1,2,3\n"), FailsWith(kInvalid, "d.csv:2: the row has more cells"));
  EXPECT_THAT(Read("x,y\n1,2\n3\n"), FailsWith(kInvalid,
                                               "d.csv:3: the row has fewer cells than the "
                                               "first row, which has 2 (read as divided by ',';"));
  EXPECT_THAT(Read("x\n0x10\n"), FailsWith(kInvalid, "'0x10' is no number"));
  EXPECT_THAT(Read("x\n+-1\n"), FailsWith(kInvalid, "'+-1' is no number"));
  EXPECT_THAT(Read("x,y\n\"1\"5,2\n"),
              FailsWith(kInvalid, "d.csv:2: text follows the closing quote in the cell \"1\"5;"));
  EXPECT_THAT(Read("x\n1 2\n"), FailsWith(kInvalid, "'1 2' is no number"));
  EXPECT_THAT(Read("x\n" + std::string(1'000'000, 'a') + "\n"), FailsWith(kInvalid, "aaaa...'"));
  EXPECT_THAT(Read("x\n\"1\n"), FailsWith(kInvalid,
                                          "d.csv:2: a cell begins with '\"' that is not "
                                          "closed"));
  std::string open = "\"x";
  for (int i = 0; i < 40'000; ++i) open += "\n\"\"";
  EXPECT_THAT(Read(open), FailsWith(kInvalid, "not closed within 100 lines and 64 KiB"));
}

TEST_F(CsvTest, RefusesWhatHasNoRows) {
  EXPECT_THAT(Read(""), FailsWith(kInvalid, "d.csv: the file holds no rows of numbers"));
  EXPECT_THAT(Read("\n\n"), FailsWith(kInvalid, "no rows of numbers"));
  EXPECT_THAT(Read("x,y\n"), FailsWith(kInvalid, "no rows of numbers"));
}

TEST_F(CsvTest, TheNumberOfColumnsIsBounded) {
  CsvOptions options;
  options.header = false;
  options.format.delimiter = ',';
  EXPECT_THAT(Read(std::string(1'000'001, ','), options),
              FailsWith(absl::StatusCode::kResourceExhausted, "more than 1000000 columns"));
}

TEST_F(CsvTest, AFileThatIsCutAnywhereEndsWithAnErrorOrARow) {
  const std::string text = "\"x\",y\r\n\"1\",20\r\n3,\"4\"\r\n";
  for (size_t size = 0; size <= text.size(); ++size) {
    const auto sources = Read(text.substr(0, size));
    // A truncated number is another number.
    if (sources.ok()) {
      EXPECT_GE(size, text.find("20") + 1) << size;
    } else {
      EXPECT_EQ(sources.status().code(), kInvalid) << size;
    }
  }
}

TEST_F(CsvTest, ReadsMoreThanABlock) {
  std::vector<std::string> rows = {"a,b"};
  for (int i = 0; i < 100'000; ++i) rows.push_back(absl::StrCat(i, ",", -i));
  const auto sources = Read(absl::StrJoin(rows, "\n"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->at("a")->size(), 100'000);
  for (int64_t i = 0; i < 100'000; i += 997) {
    EXPECT_THAT(Sample(*sources, "b", i), ElementsAre(-static_cast<float>(i)));
  }
}

TEST_F(CsvTest, SpecsRefuseWhatTheyDoNotKnow) {
  EXPECT_EQ(Parse("csv", MakeDict({{"header", Value(true)}})), nullptr);
  EXPECT_THAT(errors_, HasSubstr("needs the path of a file, or a url"));
  EXPECT_EQ(Parse("csv", MakeDict({{"path", Value("a")},
                                   {"format", MakeDict({{"delimiter", Value("::")}})}})),
            nullptr);
  EXPECT_THAT(errors_, HasSubstr("must be one ASCII character"));
  EXPECT_EQ(
      Parse("csv", MakeDict({{"path", Value("a")}, {"format", MakeDict({{"sep", Value(",")}})}})),
      nullptr);
  EXPECT_THAT(errors_, HasSubstr("unknown key \"sep\""));
}

TEST(CsvDialectTest, TheDelimiterIsEquallyOftenInEveryLine) {
  const auto delimiter = [](absl::string_view text, bool is_whole = true) {
    return DetectCsvDialect(text, is_whole, {}).delimiter;
  };
  EXPECT_EQ(delimiter("a,b\n1,2\n"), ',');
  EXPECT_EQ(delimiter("a;b\n1,5;2,5\n"), ';');
  EXPECT_EQ(delimiter("a b c\n1 2 3\n"), ' ');
  EXPECT_EQ(delimiter("a, b\n1, 2"), ',');
  EXPECT_EQ(delimiter("a\tb c\n1\t2\n"), '\t');
  EXPECT_EQ(delimiter("a|b\n\n1|2\n"), '|');
  EXPECT_EQ(delimiter("x\n1\n"), ',');
  EXPECT_EQ(delimiter("\"a;b\",c\n1,2\n"), ',');
  EXPECT_EQ(delimiter(""), ',');
  // The last line of a truncated file may be incomplete.
  EXPECT_EQ(delimiter("a,b,c\n1,2,3\n4,5", false), ',');
  EXPECT_EQ(delimiter("a;b;c", false), ';');
}

TEST(CsvDialectTest, SingleQuotesCountWhereEveryLineHasThem) {
  const auto quote = [](absl::string_view text) { return DetectCsvDialect(text, true, {}).quote; };
  EXPECT_EQ(quote("'a','b'\n'1','2'"), '\'');
  EXPECT_EQ(quote("'a',b\n'x',2"), '\'');
  EXPECT_EQ(quote("'a','b'\n1,2"), '"');
  EXPECT_EQ(quote("\"it's\",b\n1,2"), '"');
  EXPECT_EQ(quote("name,b\n'Til dawn,2\nBob's,3\n"), '"');
  EXPECT_EQ(quote("a,b\n"), '"');
}

}  // namespace
}  // namespace kur
