#include "engine/formats/array.h"

#include <cmath>
#include <limits>

#include "tests/engine/data/data_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(ArrayTest, HoldsTheElementsItWasGiven) {
  const auto array = Array::FromValues<int16_t>({2, 3}, {1, -2, 3, -4, 5, -6});
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_EQ(array->dtype(), DType::kInt16);
  EXPECT_EQ(array->byte_size(), 12);
  EXPECT_THAT(Values(*array), ElementsAre(1, -2, 3, -4, 5, -6));
}

TEST(ArrayTest, CopiesShareTheBuffer) {
  const auto array = Array::FromValues<float>({2}, {1, 2});
  const Array copy = *array;
  EXPECT_EQ(copy.bytes(), array->bytes());
}

TEST(ArrayTest, RefusesBytesThatDoNotFillTheShape) {
  EXPECT_THAT(Array::FromValues<float>({3}, {1, 2}), FailsWith(kInvalid, "needs 12 bytes, not 8"));
}

TEST(ArrayTest, ASinglePlaceHasNoAxes) {
  const auto array = Array::FromValues<double>({}, {7});
  ASSERT_TRUE(array.ok());
  EXPECT_EQ(array->count(), 1);
  EXPECT_EQ(array->At(0), 7);
}

TEST(ArrayTest, RefusesShapesThatOverflow) {
  constexpr int64_t kBig = int64_t{1} << 32;
  EXPECT_THAT(CountElements({kBig, kBig}), FailsWith(kInvalid, "more elements"));
  EXPECT_THAT(CountElements({kBig, kBig / 4}, 8), FailsWith(kInvalid, "more elements"));
  EXPECT_THAT(CountElements({2, -1}), FailsWith(kInvalid, "negative"));
  EXPECT_THAT(CountElements({kBig, kBig, -1}), FailsWith(kInvalid, "negative"));
}

// As in NumPy: strides are products of the other extents.
TEST(ArrayTest, AnEmptyAxisDoesNotExcuseTheOthers) {
  constexpr int64_t kBig = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(*CountElements({0, kBig}), 0);
  EXPECT_THAT(CountElements({kBig, kBig, 0}), FailsWith(kInvalid, "more elements"));
  EXPECT_THAT(CountElements({0, kBig, kBig}), FailsWith(kInvalid, "more elements"));
}

TEST(ArrayTest, ReshapesWithoutCopying) {
  const auto array = Array::FromValues<int32_t>({6}, {0, 1, 2, 3, 4, 5});
  const auto box = array->Reshape({2, 3});
  ASSERT_TRUE(box.ok());
  EXPECT_EQ(box->bytes(), array->bytes());
  EXPECT_THAT(box->shape(), ElementsAre(2, 3));
  EXPECT_THAT(array->Reshape({4}), FailsWith(kInvalid, "cannot take the shape (4,)"));
}

TEST(ArrayTest, HalvesBecomeFloats) {
  EXPECT_EQ(HalfToFloat(0x3c00), 1.0f);
  EXPECT_EQ(HalfToFloat(0xc500), -5.0f);
  EXPECT_EQ(HalfToFloat(0x7bff), 65504.0f);
  EXPECT_EQ(HalfToFloat(0x0001), std::ldexp(1.0f, -24));
  EXPECT_EQ(HalfToFloat(0x8000), 0.0f);
  EXPECT_TRUE(std::signbit(HalfToFloat(0x8000)));
  EXPECT_EQ(HalfToFloat(0xfc00), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(HalfToFloat(0x7e00)));
}

}  // namespace
}  // namespace kur
