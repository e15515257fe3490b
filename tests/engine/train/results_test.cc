#include "engine/train/results.h"

#include <cstdlib>
#include <string>
#include <vector>

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
