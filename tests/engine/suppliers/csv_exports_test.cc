// Tables as spreadsheets, statistics offices and people write them. What is right is what a person
// sees in the spreadsheet.

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class CsvExportsTest : public SupplierTest {
 protected:
  // Reads a table with the columns length, width and ok.
  absl::StatusOr<SourceMap> Read(const std::string& text, const std::string& more = "") {
    dir_.Write("t.csv", text);
    const auto spec = View("csv: {path: t.csv" + more +
                           "}\ncolumns: {size: [length, width], ok: {one_hot: [nein, ja]}}");
    if (spec == nullptr) return absl::InternalError(errors_);
    const PathResolver paths = Paths();
    OpenContext context(paths);
    told_.clear();
    context.tell = [this](const std::string& text) { told_.push_back(text); };
    return OpenSupplier(*spec, context);
  }

  // Expects the two rows that all tables here have.
  void ExpectRows(const std::string& text, const std::string& told) {
    SCOPED_TRACE(text);
    const auto sources = Read(text);
    ASSERT_TRUE(sources.ok()) << sources.status();
    EXPECT_THAT(All(*sources->at("size")), ElementsAre(1559.5, 1.25, 900, 3));
    EXPECT_THAT(All(*sources->at("ok")), ElementsAre(0, 1, 1, 0));
    if (told.empty()) {
      EXPECT_THAT(told_, IsEmpty());
    } else {
      EXPECT_THAT(told_, ElementsAre(HasSubstr(told)));
    }
  }

  static std::string Utf16(const std::string& text, bool big_endian) {
    std::string wide = big_endian ? "\xfe\xff" : "\xff\xfe";
    for (const char c : text) {
      if (big_endian) wide += '\0';
      wide += c;
      if (!big_endian) wide += '\0';
    }
    return wide;
  }

  std::vector<std::string> told_;
};

constexpr char kPlain[] = "length,width,ok\n1559.5,1.25,ja\n900,3,nein\n";

TEST_F(CsvExportsTest, OfSpreadsheetsInOtherCountries) {
  ExpectRows(kPlain, "");
  ExpectRows("length;width;ok\r\n1559,5;1,25;ja\r\n900;3,0;nein\r\n",
             "t.csv is read as divided by ';', with decimal commas");
  ExpectRows("\xef\xbb\xbfsep=;\r\nlength;width;ok\r\n1559,5;1,25;ja\r\n900;3;nein\r\n",
             "1 line before the header left out");
  ExpectRows("length;width;ok\n1.559,5;1,25;ja\n900;3;nein\n",
             "with decimal commas, with thousands divided by '.'");
  ExpectRows("length,width,ok\n\"1,559.5\",\"1.25\",ja\n900,3,nein\n",
             "with thousands divided by ','");
}

TEST_F(CsvExportsTest, InOtherEncodings) {
  const std::string tabs = absl::StrReplaceAll(kPlain, {{",", "\t"}, {"\n", "\r\n"}});
  ExpectRows(Utf16(tabs, false), "divided by tabs, UTF-16LE");
  ExpectRows(Utf16(kPlain, true), "as UTF-16BE");
  ExpectRows(absl::StrReplaceAll(kPlain, {{"\n", "\r"}}), "read as lines with CR at their end");
  ExpectRows(
      "gr\xf6\xdf"
      "e,length,width,ok\n1,1559.5,1.25,ja\n2,900,3,nein\n",
      "as WINDOWS-1252");
  // Not only in what is looked at first.
  std::string many = "length,width,ok,note\n";
  for (int i = 0; i < 20'000; ++i) absl::StrAppend(&many, i, ",1,ja,caf\xe9\n");
  const auto sources = Read(many);
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->at("ok")->size(), 20'000);
  EXPECT_THAT(Read(std::string("length,width,ok\n\0,1,ja\n", 23)),
              FailsWith(kInvalid, "NUL bytes"));
  EXPECT_THAT(Read(Utf16(kPlain, false).substr(0, 61)),
              FailsWith(kInvalid, "t.csv: what follows its first characters is no UTF-16LE"));
}

TEST_F(CsvExportsTest, WithTitlesNotesAndDelimitersAtTheEnd) {
  ExpectRows("Report: 2026\nof everything\n" + std::string(kPlain),
             "2 lines before the header left out");
  ExpectRows(std::string(kPlain) + "\nSource: own survey 2026\n",
             "t.csv:5: 1 line of one cell behind the last row left out");
  ExpectRows("length,width,ok\n1559.5,1.25,ja,\n900,3,nein,\n", "");
  ExpectRows("length,width,ok,\n1559.5,1.25,ja,\n900,3,nein,\n", "");
  ExpectRows(",length,width,ok\n0,1559.5,1.25,ja\n1,900,3,nein\n", "");
  ExpectRows("\"length\", \"width\", \"ok\"\n1559.5, 1.25, ja\n900, 3, nein\n\nSource: own\n",
             "1 line of one cell behind the last row left out");
  // A row that is cut off is no note, nor is one among others.
  EXPECT_THAT(Read(std::string(kPlain) + "700"), FailsWith(kInvalid, "t.csv:4: the row has fewer"));
  EXPECT_THAT(Read(std::string(kPlain) + "bad"), FailsWith(kInvalid, "t.csv:4: the row has fewer"));
  EXPECT_THAT(Read(std::string(kPlain) + "a note\n1,2,nein\n"),
              FailsWith(kInvalid, "t.csv:4: the row has fewer"));
  EXPECT_THAT(Read("length,width,ok\n1,2,ja,3\n"),
              FailsWith(kInvalid, "t.csv:2: the row has more"));
}

TEST_F(CsvExportsTest, ApostrophesAreNoQuotes) {
  dir_.Write("t.csv", "name,price\n'Til dawn,1\nBob's,2\n'Tis,3\nAnn's,4\n");
  const auto sources = OpenView("csv: t.csv\ncolumns: [price]");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(All(*sources->at("price")), ElementsAre(1, 2, 3, 4));
}

TEST_F(CsvExportsTest, WhatMayBeTwoThingsIsRefused) {
  EXPECT_THAT(Read("length;width;ok\n1,559;1;ja\n"),
              FailsWith(kInvalid,
                        "column 1 ('length'): '1,559' may have a decimal mark or thousands; "
                        "format: {decimal: \",\"} or {thousands: \",\"} says which"));
  const auto decimal = Read("length;width;ok\n1,559;1;ja\n", ", format: {decimal: \",\"}");
  ASSERT_TRUE(decimal.ok()) << decimal.status();
  EXPECT_THAT(Sample(*decimal, "size", 0), ElementsAre(1.559F, 1));
  const auto thousands = Read("length;width;ok\n1,559;1;ja\n", ", format: {thousands: \",\"}");
  ASSERT_TRUE(thousands.ok()) << thousands.status();
  EXPECT_THAT(Sample(*thousands, "size", 0), ElementsAre(1559, 1));
  // Nothing is guessed where numbers contradict each other.
  EXPECT_THAT(Read("length;width;ok\n1,5;1.5;ja\n"), FailsWith(kInvalid, "'1,5' is no number"));
}

TEST_F(CsvExportsTest, AMessageAboutColumnsSaysHowTheTableWasRead) {
  EXPECT_THAT(Read("len;width;ok\n1;2;ja\n"),
              FailsWith(kInvalid,
                        "the data have no column 'length'; there are: len, width, ok (read "
                        "as divided by ';'; format: {...} says otherwise)"));
}

TEST_F(CsvExportsTest, ColumnsOfOneNameAreToldApart) {
  dir_.Write("t.csv", "x,x,x.1\n1,2,3\n");
  const auto good = OpenView("csv: t.csv\ncolumns: {a: x, b: x.1, c: x.1.1}");
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_THAT(All(*good->at("a")), ElementsAre(1));
  EXPECT_THAT(All(*good->at("b")), ElementsAre(2));
  EXPECT_THAT(All(*good->at("c")), ElementsAre(3));
}

TEST_F(CsvExportsTest, APatternIsAllColumnsInTheOrderOfTheirNumbers) {
  dir_.Write("t.csv", "label,pixel10,pixel9,pixel0,pixels\n1,10,9,0,x\n");
  const auto sources = OpenView("csv: t.csv\ncolumns: {image: 'pixel*', label: label}");
  EXPECT_THAT(sources, FailsWith(kInvalid, "column 5 ('pixels'): 'x' is no number"));
  dir_.Write("t.csv", "label,pixel10,pixel9,pixel0,other\n1,10,9,0,x\n");
  const auto good = OpenView("csv: t.csv\ncolumns: {image: 'pixel*', label: label}");
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_THAT(All(*good->at("image")), ElementsAre(0, 9, 10));
  EXPECT_THAT(OpenView("csv: t.csv\ncolumns: {image: 'voxel*'}"),
              FailsWith(kInvalid, "the data have no column 'voxel*'"));
}

class GapsTest : public SupplierTest {
 protected:
  absl::StatusOr<SourceMap> Read(const std::string& column) {
    return OpenView("csv: t.csv\ncolumns: {x: {from: x, " + column + "}, y: y}");
  }
};

TEST_F(GapsTest, AreCountedAndTheWayOutIsNamed) {
  dir_.Write("t.csv", "x,y\n1,1\n,2\nNA,3\n?,4\n");
  EXPECT_THAT(OpenView("csv: t.csv\ncolumns: [x, y]"),
              FailsWith(kInvalid,
                        "t.csv:3: column 1 ('x') holds nothing there, nor in 2 rows more (of "
                        "4); columns: {x: {missing: ...}} says what to do about it: mean"));
}

TEST_F(GapsTest, TheWayOutIsThatOfTheColumnThatTheKurfileHas) {
  dir_.Write("t.csv", "x,y\n1,1\n,2\n");
  EXPECT_THAT(
      OpenView("csv: t.csv\ncolumns: {both: [y, x]}"),
      FailsWith(kInvalid, "column 1 ('x') holds nothing there (of 2); columns: {both: {missing:"));
}

TEST_F(GapsTest, AreFilled) {
  dir_.Write("t.csv", "x,y\n1,1\n,2\n1,3\n7,4\nNaN,5\n3,6\n");
  const std::pair<const char*, float> cases[] = {{"missing: mean", 3},
                                                 {"missing: median", 2},
                                                 {"missing: most_frequent", 1},
                                                 {"missing: -5", -5}};
  for (const auto& [missing, value] : cases) {
    const auto sources = Read(missing);
    ASSERT_TRUE(sources.ok()) << sources.status();
    EXPECT_THAT(All(*sources->at("x")), ElementsAre(1, value, 1, 7, value, 3)) << missing;
  }
  const auto dropped = Read("missing: drop");
  ASSERT_TRUE(dropped.ok()) << dropped.status();
  EXPECT_THAT(All(*dropped->at("x")), ElementsAre(1, 1, 7, 3));
  EXPECT_THAT(All(*dropped->at("y")), ElementsAre(1, 3, 4, 6));
  EXPECT_EQ(dropped->at("y")->NameOf(1), "t.csv:4");
  const auto scaled = Read("missing: 5, normalize: {scale: 2, offset: 1}");
  ASSERT_TRUE(scaled.ok()) << scaled.status();
  EXPECT_THAT(All(*scaled->at("x")), ElementsAre(3, 11, 3, 15, 11, 7));
}

TEST_F(GapsTest, OfClassesAreFilledToo) {
  dir_.Write("t.csv", "x,y\nb,1\n,2\na,3\nb,4\n");
  const auto frequent = Read("one_hot: yes, missing: most_frequent");
  ASSERT_TRUE(frequent.ok()) << frequent.status();
  EXPECT_THAT(All(*frequent->at("x")), ElementsAre(0, 1, 0, 1, 1, 0, 0, 1));
  const auto named = Read("one_hot: yes, missing: unknown");
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_THAT(named->at("x")->symbols().names, ElementsAre("a", "b", "unknown"));
  EXPECT_THAT(Sample(*named, "x", 1), ElementsAre(0, 0, 1));
  EXPECT_THAT(Read("one_hot: yes"),
              FailsWith(kInvalid, "t.csv:3: column 1 ('x') holds nothing there"));
  EXPECT_THAT(Read("one_hot: yes, missing: mean"),
              FailsWith(absl::StatusCode::kInternal, "classes have no mean"));
  EXPECT_THAT(Read("missing: nothing"),
              FailsWith(absl::StatusCode::kInternal, "'nothing' is no number"));
}

TEST_F(GapsTest, AreFilledWithWhatTheTrainingTaught) {
  dir_.Write("t.csv", "x,y\n2,1\n4,2\n");
  dir_.Write("new.csv", "x,y\n,1\n100,2\n");
  const PathResolver paths = Paths();
  OpenContext context(paths);
  const std::string columns = "\ncolumns: {x: {missing: mean, normalize: min_max}}";
  ASSERT_TRUE(OpenSupplier(*View("csv: t.csv" + columns), context).ok());
  context.model->StopLearning();
  const auto fresh = OpenSupplier(*View("csv: new.csv" + columns), context);
  ASSERT_TRUE(fresh.ok()) << fresh.status();
  EXPECT_THAT(All(*fresh->at("x")), ElementsAre(0.5, 49));
  context.model = std::make_shared<ModelEncodings>(Encodings(), "w.kur");
  context.model->StopLearning();
  EXPECT_THAT(OpenSupplier(*View("csv: new.csv" + columns), context),
              FailsWith(kInvalid, "the weights w.kur have no statistics of 'x' to fill gaps with"));
}

TEST_F(GapsTest, OfJsonAreAbsentOrNullOrNaN) {
  dir_.Write("t.jsonl",
             "{\"x\": 1, \"y\": 1}\n{\"y\": 2}\n{\"x\": null, \"y\": 3}\n"
             "{\"x\": NaN, \"y\": 4}\n{\"x\": 5, \"y\": 5}\n");
  const auto read = [&](const std::string& x) {
    return OpenView("jsonl: t.jsonl\ncolumns: {x: " + x + ", y: y}", "jsonl");
  };
  const auto sources = read("{missing: mean}");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(All(*sources->at("x")), ElementsAre(1, 3, 3, 3, 5));
  EXPECT_THAT(read("x"), FailsWith(kInvalid,
                                   "t.jsonl:2: the line lacks the key 'x', which the first "
                                   "one has; columns: {x: {missing: ...}} says"));
  dir_.Write("t.jsonl", "[{\"x\": 1, \"y\": 1},\n {\"x\": null, \"y\": 2}]\n");
  EXPECT_THAT(read("x"),
              FailsWith(kInvalid, "t.jsonl, entry 2: key 'x': nothing is there; columns: {x:"));
  const auto list = read("{missing: 9}");
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_THAT(All(*list->at("x")), ElementsAre(1, 9));
}

TEST_F(CsvExportsTest, OtherFormatsAreNamedWithWhatConvertsThem) {
  const std::pair<std::string, const char*> kFiles[] = {
      {"PAR1\x15\x04", "it is a Parquet file, which is not read; python3 -c \"import pandas"},
      {"PK\x03\x04\x14",
       "a zip, as spreadsheets (.xlsx, .ods) are, which is not read; save it as CSV"},
      {"\x89HDF\r\n\x1a\n", "an HDF5 file"},
      {"SQLite format 3", "an SQLite database"}};
  for (const auto& [content, message] : kFiles) {
    dir_.Write("t.csv", content);
    EXPECT_THAT(Open("csv", Value("t.csv")), FailsWith(kInvalid, message));
    EXPECT_THAT(Open("jsonl", Value("t.csv")), FailsWith(kInvalid, message));
  }
}

TEST_F(CsvExportsTest, TextOfTwoEncodingsIsRefusedWithItsPlace) {
  const std::string mixed = "name,x\nZo\xc3\xab,1\nAnn,2\n20 \xb0,3\n";
  dir_.Write("t.csv", mixed);
  EXPECT_THAT(OpenView("{csv: t.csv, columns: [x]}"),
              FailsWith(kInvalid, "line 4 has the byte 0xb0 after '20 ', which is no UTF-8"));
  // One encoding alone is read.
  dir_.Write("t.csv", "name,x\nZo\xeb,1\n20 \xb0,3\n");
  EXPECT_TRUE(OpenView("{csv: t.csv, columns: [x]}").ok());
}

TEST_F(CsvExportsTest, ColumnsMayHaveNumbersAsNames) {
  dir_.Write("t.csv", "0,1,2023\n5,6,7\n");
  const auto sources = OpenView("{csv: t.csv, columns: {x: {from: [0, 1]}, 2023: }}");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(All(*sources->at("x")), ElementsAre(5, 6));
  EXPECT_THAT(All(*sources->at("2023")), ElementsAre(7));
}

TEST_F(CsvExportsTest, TheSameTextIsOneClassHoweverItIsComposed) {
  dir_.Write("t.csv", "k\ncaf\u00e9\ncafe\u0301\nt\u00e9\n");
  const auto sources = OpenView("{csv: t.csv, columns: {k: {one_hot: yes}}}");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(All(*sources->at("k")), ElementsAre(1, 0, 1, 0, 0, 1));
  EXPECT_THAT(OpenView("{csv: t.csv, columns: [k]}"),
              FailsWith(kInvalid, "'caf\u00e9' is no number"));
}

TEST_F(CsvExportsTest, AWholeNumberIsOneClassHoweverItIsWritten) {
  dir_.Write("t.csv", "k\n1\n1.0\n2.00\n1.5\n01\n");
  const auto sources = OpenView("{csv: t.csv, columns: {k: {one_hot: yes}}}");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(sources->at("k")->symbols().names, ElementsAre("01", "1", "1.5", "2"));
}

}  // namespace
}  // namespace kur
