#include "engine/data/columns/float_column.h"

#include "tests/engine/data/data_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;

// Builds a column of samples with the given numbers of rows; values count up from 1.
std::shared_ptr<const Source> Counting(const Shape& row, const std::vector<int64_t>& extents) {
  FloatColumn column;
  float next = 1;
  for (const int64_t extent : extents) {
    for (int64_t i = 0; i < extent * NumElements(row); ++i) column.Push(next++);
    column.EndSample(extent);
  }
  auto source = std::move(column).Build(row);
  EXPECT_TRUE(source.ok()) << source.status();
  return *source;
}

TEST(FloatColumnTest, SamplesOfOneLengthHaveAKnownShape) {
  const auto source = Counting({2}, {2, 2});
  EXPECT_EQ(source->size(), 2);
  EXPECT_FALSE(source->is_ragged());
  EXPECT_THAT(source->shape(), ElementsAre(2, 2));
  EXPECT_THAT(Gathered(*source, {1, 0}), ElementsAre(5, 6, 7, 8, 1, 2, 3, 4));
}

TEST(FloatColumnTest, SamplesOfSeveralLengthsArePaddedToTheLongestAskedFor) {
  const auto source = Counting({2}, {2, 2, 1, 3});
  EXPECT_EQ(source->size(), 4);
  EXPECT_TRUE(source->is_ragged());
  EXPECT_THAT(source->shape(), ElementsAre(kUnknown, 2));
  EXPECT_THAT(Gathered(*source, {2}), ElementsAre(9, 10));
  EXPECT_THAT(Gathered(*source, {1, 2}), ElementsAre(5, 6, 7, 8, 9, 10, 0, 0));
  EXPECT_THAT(Gathered(*source, {3, 0}), ElementsAre(11, 12, 13, 14, 15, 16, 1, 2, 3, 4, 0, 0));
}

TEST(FloatColumnTest, ASampleWithoutRowsIsAllPadding) {
  const auto source = Counting({}, {0, 2, 0});
  EXPECT_THAT(source->shape(), ElementsAre(kUnknown));
  EXPECT_THAT(Gathered(*source, {0, 2}), ElementsAre(0, 0));
  EXPECT_THAT(Gathered(*source, {0, 1}), ElementsAre(0, 0, 1, 2));
}

TEST(FloatColumnTest, KeepsManyValues) {
  const auto source = Counting({}, std::vector<int64_t>(100'000, 3));
  EXPECT_THAT(Gathered(*source, {99'999}), ElementsAre(299'998, 299'999, 300'000));
}

TEST(FloatColumnTest, RefusesSamplesWithoutElements) {
  FloatColumn column;
  column.EndSample(0);
  EXPECT_THAT(std::move(column).Build({2}),
              FailsWith(absl::StatusCode::kInvalidArgument, "shape (0, 2) and so no elements"));
}

}  // namespace
}  // namespace kur
