// The supplier jsonl.

#include <zlib.h>

#include "engine/data/columns/json_columns.h"
#include "engine/formats/byte_input.h"
#include "engine/formats/line_reader.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

absl::StatusOr<SourceMap> Read(const std::string& text) {
  return ReadJsonColumns(*ByteInput::FromMemory(text), "d.jsonl");
}

class JsonlTest : public SupplierTest {};

TEST_F(JsonlTest, TheKeysOfTheFirstLineNameTheSources) {
  dir_.Write("data.jsonl",
             "{\"point\": [1, -2.5e0], \"above\": 1, \"image\": [[1, 2, 3], [4, 5, 6]]}\n"
             "\n"
             "{\"above\": false, \"image\": [[7, 8, 9], [1, 2, 3]], \"point\": [3, 4]}\r\n");
  const auto sources = Open("jsonl", Value("data.jsonl"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->size(), 3U);
  EXPECT_EQ(sources->at("above")->size(), 2);
  EXPECT_THAT(sources->at("above")->shape(), ElementsAre(1));
  EXPECT_THAT(sources->at("image")->shape(), ElementsAre(2, 3));
  EXPECT_THAT(Sample(*sources, "point", 0), ElementsAre(1, -2.5));
  EXPECT_THAT(Sample(*sources, "above", 0), ElementsAre(1));
  EXPECT_THAT(Sample(*sources, "above", 1), ElementsAre(0));
  EXPECT_THAT(Sample(*sources, "image", 1), ElementsAre(7, 8, 9, 1, 2, 3));
}

TEST_F(JsonlTest, TheFirstAxisMayVary) {
  const auto sources = Read(
      "{\"x\": [], \"t\": [1]}\n"
      "{\"x\": [[1, 2]], \"t\": [2, 3]}\n"
      "{\"x\": [[3, 4], [5, 6]], \"t\": []}");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(sources->at("x")->shape(), ElementsAre(kUnknown, 2));
  EXPECT_THAT(sources->at("t")->shape(), ElementsAre(kUnknown));
  EXPECT_THAT(Gathered(*sources->at("x"), {0, 1, 2}),
              ElementsAre(0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 5, 6));
  EXPECT_THAT(Gathered(*sources->at("t"), {2, 1}), ElementsAre(0, 0, 2, 3));
}

TEST_F(JsonlTest, SaysWhereTheFileIsNotWhatItShouldBe) {
  dir_.Write("data.jsonl", "{\"x\": 1}\n\n{\"x\": 1]\n");
  EXPECT_THAT(Open("jsonl", Value("data.jsonl")),
              FailsWith(kInvalid,
                        "train.data[0].jsonl: data.jsonl:3: no valid JSON at byte 8: "
                        "syntax error"));
  const std::string first = "{\"x\": [[1, 2]], \"y\": 3}\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[1]", "d.jsonl:2: expected a JSON dictionary, found a list"},
      {"\"{}\"", "expected a JSON dictionary, found a string"},
      {"7", "expected a JSON dictionary, found a number"},
      {"null", "expected a JSON dictionary, found null"},
      {"{\"y\": 3}", "d.jsonl:2: the line lacks the key 'x', which the first one has"},
      {"{\"x\": [], \"y\": 3, \"z\": 1}", "key 'z': the first line lacks it; it has: x, y"},
      {"{\"y\": 3, \"x\": [], \"y\": 3}", "key 'y': it is there twice"},
      {"{\"x\": [[1, 2, 3]], \"y\": 3}", "key 'x': a list of 3 where the lists before have 2"},
      {"{\"x\": [[1, 2], [3]], \"y\": 3}", "key 'x': a list of 1 where the lists before have 2"},
      {"{\"x\": [1, 2], \"y\": 3}", "key 'x': lists are nested to another depth"},
      {"{\"x\": [[[1], 2]], \"y\": 3}", "where numbers are 2 deep"},
      {"{\"x\": 4, \"y\": 3}", "key 'x': lists are nested to another depth"},
      {"{\"x\": [], \"y\": []}",
       "key 'y': lists are nested to another depth than in what was read "
       "before, where numbers are in no list"},
      {"{\"x\": [[\"a\", 2]], \"y\": 3}",
       "key 'x': it holds 'a', a string where a number is expected"},
      {"{\"x\": null, \"y\": 3}", "key 'x': nothing is there; columns: {x: {missing: ...}}"},
      {"{\"x\": {\"a\": 1}, \"y\": 3}", "key 'x': it holds a dictionary"},
      {"{\"x\": [[NaN, 2]], \"y\": 3}", "key 'x': nothing is there"},
      {"{\"x\": [], \"y\": 1e999}", "number overflow"},
      {"{\"x\": [], \"y\": 3} {}", "no valid JSON"},
      {"{\"x\": [], \"y\": \"\xff\"}", "no valid JSON"},
  };
  for (const auto& [line, error] : cases) {
    EXPECT_THAT(Read(first + line), FailsWith(kInvalid, error)) << line;
  }
}

TEST_F(JsonlTest, RefusesWhatHasNoElements) {
  EXPECT_THAT(Read(""), FailsWith(kInvalid, "d.jsonl: the file holds no samples"));
  EXPECT_THAT(Read("\n \n"), FailsWith(kInvalid, "the file holds no samples"));
  EXPECT_THAT(Read("{}"), FailsWith(kInvalid, "the file holds no samples"));
  EXPECT_THAT(Read("{\"x\": []}"), FailsWith(kInvalid, "key 'x': its samples have the shape (0,)"));
  EXPECT_THAT(Read("{\"x\": [[], []]}"), FailsWith(kInvalid, "it holds an empty list in a list"));
}

// The columns that a Kurfile uses.
WantedColumns Wanted(const std::vector<std::pair<std::string, std::vector<std::string>>>& columns) {
  WantedColumns wanted;
  for (const auto& [name, texts] : columns) wanted.columns[name].texts = texts;
  return wanted;
}

absl::StatusOr<SourceMap> Read(const std::string& text, const WantedColumns& wanted) {
  return ReadJsonColumns(*ByteInput::FromMemory(text), "d.jsonl", wanted);
}

TEST_F(JsonlTest, WhatIsNotWantedMayBeAnything) {
  const WantedColumns wanted = Wanted({{"x", {}}});
  // Only the slower of the two parsers accepts the second line.
  const auto sources = Read(
      "{\"a\": null, \"x\": [1, 2], \"b\": {\"x\": 3, \"c\": [[], {}]}}\n"
      "{\"a\": [12345678901234567890123, {\"x\": [4]}], \"x\": [3], \"new\": \"text\", \"a\": 0}\n",
      wanted);
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(*sources, ElementsAre(testing::Key("x")));
  EXPECT_THAT(Gathered(*sources->at("x"), {0, 1}), ElementsAre(1, 2, 3, 0));
  EXPECT_THAT(Read("{\"a\": null, \"x\": null}", wanted),
              FailsWith(kInvalid, "d.jsonl:1: key 'x': nothing is there"));
  EXPECT_THAT(Read("{\"a\": {}, \"x\": [1, {}]}", wanted),
              FailsWith(kInvalid, "key 'x': it holds a dictionary"));
  EXPECT_THAT(Read("{\"x\": 1}\n{\"a\": {\"x\": 1}}", wanted),
              FailsWith(kInvalid, "d.jsonl:2: the line lacks the key 'x'"));
}

TEST_F(JsonlTest, TextsStandForClasses) {
  const WantedColumns wanted = Wanted({{"species", {"setosa", "virginica", "3"}}});
  const auto sources = Read(
      "{\"species\": \"virginica\"}\n"
      "{\"species\": 3}\n",
      wanted);
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(Gathered(*sources->at("species"), {0, 1}), ElementsAre(1, 2));
  EXPECT_THAT(Read("{\"species\": \"virginca\"}", wanted),
              FailsWith(kInvalid,
                        "d.jsonl:1: key 'species': 'virginca' is none of the classes; did you mean "
                        "'virginica'?"));
}

TEST_F(JsonlTest, NumbersMayHaveAnySize) {
  const auto sources = Read("{\"x\": [12345678901234567890123, 18446744073709551615, -7]}");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(Sample(*sources, "x", 0), ElementsAre(1.2345679e22f, 1.8446744e19f, -7));
}

TEST_F(JsonlTest, ALineThatIsTooLongIsRefused) {
  EXPECT_THAT(Read("{\"x\": 1}\n{\"x\": [" + std::string(65 << 20, ' ') + "1]}"),
              FailsWith(absl::StatusCode::kResourceExhausted,
                        "d.jsonl:2: the line is longer than 67108864 bytes"));
}

TEST_F(JsonlTest, DeepNestingIsRefused) {
  EXPECT_THAT(Read("{\"x\": " + std::string(1'000'000, '[')),
              FailsWith(kInvalid, "key 'x': more than 32 lists are in each other"));
}

TEST_F(JsonlTest, AFileThatIsCutAnywhereIsRefusedOrHoldsFewerSamples) {
  const std::string text = "\xef\xbb\xbf{\"x\": [[1, 2], [3, 4]], \"y\": 3}\n{\"x\": [], \"y\": 4}";
  const size_t line = text.find('\n');
  for (size_t size = 0; size < text.size(); ++size) {
    const auto sources = Read(text.substr(0, size));
    EXPECT_EQ(sources.ok(), size == line || size == line + 1) << size;
  }
  EXPECT_TRUE(Read(text).ok());
}

TEST_F(JsonlTest, ReadsGzip) {
  const std::string path = dir_.File("data.jsonl.gz");
  gzFile file = gzopen(path.c_str(), "wb");
  for (int i = 0; i < 100'000; ++i) gzputs(file, "{\"x\": [1, 2, 3], \"label\": 1}\n");
  gzclose(file);
  const auto sources = Open("jsonl", Value("data.jsonl.gz"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->at("x")->size(), 100'000);
  EXPECT_THAT(Sample(*sources, "x", 99'999), ElementsAre(1, 2, 3));
}

TEST(LineReaderTest, GivesLinesOfEveryLengthAndTheirNumbers) {
  std::string text;
  for (size_t length = 0; length < 3'000; length += 7) {
    text += std::string(length, 'x') + (length % 2 == 0 ? "\n" : "\r\n");
  }
  text += std::string(1'000'000, 'y');
  const auto input = ByteInput::FromMemory(text);
  LineReader reader(input.get());
  for (size_t length = 0; length < 3'000; length += 7) {
    const auto line = reader.Next();
    ASSERT_TRUE(line.ok() && line->has_value());
    ASSERT_EQ((*line)->size(), length);
  }
  EXPECT_EQ(reader.number(), 429);
  EXPECT_EQ((*reader.Next())->size(), 1'000'000U);
  EXPECT_FALSE(reader.Next()->has_value());
}

TEST(LineReaderTest, ALineThatIsTooLongIsRefused) {
  const std::string text = "a\n" + std::string(1'000'000, 'y');
  const auto input = ByteInput::FromMemory(text);
  LineReader reader(input.get(), 500'000);
  EXPECT_EQ(**reader.Next(), "a");
  EXPECT_THAT(reader.Next(), FailsWith(absl::StatusCode::kResourceExhausted, "500000 bytes"));
  EXPECT_EQ(reader.number(), 2);
}

}  // namespace
}  // namespace kur
