#include "engine/train/results.h"

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/formats/npy_reader.h"
#include "engine/formats/pickle/pickle_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

using ::testing::ElementsAre;

ResultColumn Column(std::vector<int64_t> sample_shape, const std::vector<float>& values) {
  const auto* begin = reinterpret_cast<const uint8_t*>(values.data());
  return {std::move(sample_shape),
          std::vector<uint8_t>(begin, begin + values.size() * sizeof(float))};
}

TEST(ResultsTest, WritesAPickleOfArrays) {
  Predictions results;
  results.result["labels"] = Column({2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  results.truth["labels"] = Column({2, 2}, {8, 7, 6, 5, 4, 3, 2, 1});
  for (const char* format : {"pkl", "pickle"}) {
    const auto root = ParsePickle(*FormatResults(results, format), "results");
    ASSERT_TRUE(root.ok()) << root.status();
    const Array& array = root->Find("result")->Find("labels")->as_array();
    EXPECT_EQ(array.dtype(), DType::kFloat32);
    EXPECT_THAT(array.shape(), ElementsAre(2, 2, 2));
    EXPECT_EQ(array.At(5), 6);
    EXPECT_EQ(root->Find("truth")->Find("labels")->as_array().At(0), 8);
  }
}

TEST(ResultsTest, BatchesOfSeveralLengthsArePaddedToTheLongest) {
  ResultColumn column;
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  column.Append({1, 2}, 2, values.data());
  column.Append({3, 2}, 1, values.data());
  column.Append({2, 2}, 1, values.data());
  const auto array = column.ToArray();
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_THAT(array->shape(), ElementsAre(4, 3, 2));
  const auto* begin = array->data<float>();
  EXPECT_THAT(std::vector<float>(begin, begin + 24),
              ElementsAre(1, 2, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0,  //
                          1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 0, 0));
}

TEST(ResultsTest, LeavesTheTruthOutWhereThereIsNone) {
  Predictions results;
  results.result["y"] = Column({1}, {1});
  const auto root = ParsePickle(*FormatResults(results, "pkl"), "results");
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(root->Find("truth"), nullptr);
  EXPECT_EQ(*FormatResults(results, "csv"), "y\r\n1\r\n");
}

TEST(ResultsTest, WritesATableWithAColumnForEachNumber) {
  Predictions results;
  results.result["a"] = Column({1}, {0.5F, -2});
  results.result["b"] = Column({2}, {1, 2, 3, 1e-7F});
  results.truth["a"] = Column({1}, {1, 0});
  EXPECT_EQ(*FormatResults(results, "csv"),
            "a,b[0],b[1],a expected\r\n0.5,1,2,1\r\n-2,3,1e-07,0\r\n");
}

TEST(ResultsTest, SamplesAndClassesKeepTheirNames) {
  Predictions results;
  results.labels.samples = {"t.csv:2", "a, b.png"};
  results.labels.classes["kind"] = {"lily", "a rose"};
  results.result["kind"] = Column({2}, {0.25F, 0.75F, 0.5F, 0.5F});
  results.result["other"] = Column({1}, {7, 8});
  results.truth["kind"] = Column({2}, {1, 0, 0, 0});
  EXPECT_EQ(*FormatResults(results, "csv"),
            "sample,kind[lily],kind[a rose],kind class,kind probability,other,kind expected\r\n"
            "t.csv:2,0.25,0.75,a rose,0.75,7,lily\r\n"
            "\"a, b.png\",0.5,0.5,lily,0.5,8,\r\n");
  const auto root = ParsePickle(*FormatResults(results, "pkl"), "results");
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(root->Find("samples")->as_list()[1].as_string(), "a, b.png");
  EXPECT_EQ(root->Find("classes")->Find("kind")->as_list()[0].as_string(), "lily");
}

// Two samples of an output that varies in length, and what is known of them.
Predictions Labelled() {
  Predictions results;
  results.labels.samples = {"a.wav", "b.wav"};
  results.labels.kept = {{"speaker", {"007", "12"}}, {"id", {"123456789", "x"}}};
  results.labels.lengths["asr"] = {1, 2};
  results.labels.texts["asr"] = {"hi", "\u00fc\"!"};
  results.result["asr"] = Column({2, 2}, {1, 2, 0, 0, 3, 4, 5, 6});
  results.result["id"] = Column({1}, {123456792.0F, 1});
  return results;
}

TEST(ResultsTest, ATableHasLengthsTextsAndWhatIsCarriedThrough) {
  EXPECT_EQ(*FormatResults(Labelled(), "csv"),
            "sample,speaker,asr[0],asr[1],asr[2],asr[3],asr length,asr text,id\r\n"
            "a.wav,007,1,2,,,1,hi,123456789\r\n"
            "b.wav,12,3,4,5,6,2,\"\u00fc\"\"!\",1\r\n");
  EXPECT_EQ(*FormatResults(Labelled(), "jsonl"),
            R"({"sample":"a.wav","speaker":"007","asr":[[1.0,2.0]],"asr length":1,)"
            R"("asr text":"hi","id":123456789})"
            "\n"
            R"({"sample":"b.wav","speaker":"12","asr":[[3.0,4.0],[5.0,6.0]],"asr length":2,)"
            "\"asr text\":\"\u00fc\\\"!\",\"id\":1.0}\n");
}

TEST(ResultsTest, JsonLinesHaveClassesByNameAndNullForNoNumber) {
  Predictions results;
  results.labels.classes["kind"] = {"lily", "rose"};
  results.result["kind"] = Column({2}, {0.1F, 0.9F, NAN, NAN});
  results.truth["kind"] = Column({2}, {0, 1, 1, 0});
  EXPECT_EQ(*FormatResults(results, "jsonl"),
            R"({"kind":{"lily":0.1,"rose":0.9},"kind class":"rose","kind probability":0.9,)"
            R"("kind expected":"rose"})"
            "\n"
            R"({"kind":{"lily":null,"rose":null},"kind expected":"lily"})"
            "\n");
}

TEST(ResultsTest, AnNpzAndAPickleHaveAllOfIt) {
  const auto arrays = ParseNpz(*FormatResults(Labelled(), "npz"));
  ASSERT_TRUE(arrays.ok()) << arrays.status();
  EXPECT_EQ(arrays->size(), 6U);
  EXPECT_THAT(arrays->at("asr").as_array().shape(), ElementsAre(2, 2, 2));
  EXPECT_EQ(arrays->at("asr length").as_array().At(1), 2);
  EXPECT_EQ(arrays->at("asr text").as_list()[1].as_string(), "\u00fc\"!");
  EXPECT_EQ(arrays->at("speaker").as_list()[0].as_string(), "007");
  EXPECT_EQ(arrays->at("sample").as_list()[1].as_string(), "b.wav");
  const auto root = ParsePickle(*FormatResults(Labelled(), "pkl"), "results");
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(root->Find("kept")->Find("id")->as_list()[0].as_string(), "123456789");
  EXPECT_EQ(root->Find("lengths")->Find("asr")->as_array().At(1), 2);
  EXPECT_EQ(root->Find("texts")->Find("asr")->as_list()[0].as_string(), "hi");
}

TEST(ResultsTest, AFilesNameMeansAFormat) {
  EXPECT_EQ(ResultFormatOf("out/a.csv"), "csv");
  EXPECT_EQ(ResultFormatOf("a.jsonl"), "jsonl");
  EXPECT_EQ(ResultFormatOf("a.npz"), "npz");
  EXPECT_EQ(ResultFormatOf("a.pkl"), "pkl");
  EXPECT_EQ(ResultFormatOf("csv"), "pkl");
}

TEST(ResultsTest, QuotesTitlesThatNeedIt) {
  Predictions results;
  results.result["a,\"b\""] = Column({1}, {1});
  EXPECT_EQ(*FormatResults(results, "csv"), "\"a,\"\"b\"\"\"\r\n1\r\n");
}

TEST(ResultsTest, NumbersOfATableReadBackAsTheSameFloats) {
  Predictions results;
  const std::vector<float> values = {0.1F, 1.0F / 3, 16777217.0F, 1.17549435e-38F, 123456.789F};
  results.result["y"] = Column({1}, values);
  const std::string table = *FormatResults(results, "csv");
  size_t at = table.find('\n') + 1;
  for (const float value : values) {
    EXPECT_EQ(std::strtof(table.c_str() + at, nullptr), value) << table.substr(at, 12);
    at = table.find('\n', at) + 1;
  }
}

TEST(ResultsTest, WritesAnEmptyTable) {
  Predictions results;
  results.result["y"] = Column({1}, {});
  EXPECT_EQ(*FormatResults(results, "csv"), "y\r\n");
}

}  // namespace
}  // namespace kur
