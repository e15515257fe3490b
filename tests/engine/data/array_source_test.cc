#include "engine/data/array_source.h"

#include <cmath>

#include "tests/engine/data/data_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

template <class T>
std::shared_ptr<const ArraySource> MakeSource(std::vector<int64_t> shape, std::vector<T> values,
                                              Normalization normalization = {}) {
  auto source = ArraySource::Create(*Array::FromValues<T>(std::move(shape), values),
                                    std::move(normalization));
  EXPECT_TRUE(source.ok()) << source.status();
  return *source;
}

TEST(ArraySourceTest, GathersRowsInTheOrderAsked) {
  const auto source = MakeSource<float>({3, 2}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(source->size(), 3);
  EXPECT_THAT(source->shape(), ElementsAre(2));
  EXPECT_THAT(Gathered(*source, {2, 0, 2}), ElementsAre(5, 6, 1, 2, 5, 6));
}

TEST(ArraySourceTest, ScalarsHaveTheShapeOne) {
  EXPECT_THAT(MakeSource<int64_t>({3}, {4, 5, 6})->shape(), ElementsAre(1));
}

TEST(ArraySourceTest, ScalesAndShiftsBytes) {
  const auto source = MakeSource<uint8_t>({2, 2}, {0, 255, 51, 102}, {1.0f / 255, {-0.5f}});
  EXPECT_THAT(Gathered(*source, {0, 1}),
              ElementsAre(-0.5f, testing::FloatEq(0.5f), testing::FloatEq(-0.3f),
                          testing::FloatNear(-0.1f, 1e-7f)));
}

TEST(ArraySourceTest, ShiftsEveryElementByItsOwnOffset) {
  const auto source = MakeSource<uint8_t>({2, 2}, {1, 2, 3, 4}, {2, {10, 20}});
  EXPECT_THAT(Gathered(*source, {1, 0}), ElementsAre(16, 28, 12, 24));
}

TEST(ArraySourceTest, ReadsEveryType) {
  EXPECT_THAT(Gathered(*MakeSource<int8_t>({1, 2}, {-1, 2}), {0}), ElementsAre(-1, 2));
  EXPECT_THAT(Gathered(*MakeSource<int16_t>({1, 2}, {-300, 2}), {0}), ElementsAre(-300, 2));
  EXPECT_THAT(Gathered(*MakeSource<int32_t>({1, 2}, {-70000, 2}), {0}), ElementsAre(-70000, 2));
  EXPECT_THAT(Gathered(*MakeSource<int64_t>({1, 2}, {-1, 2}), {0}), ElementsAre(-1, 2));
  EXPECT_THAT(Gathered(*MakeSource<uint16_t>({1, 2}, {65535, 2}), {0}), ElementsAre(65535, 2));
  EXPECT_THAT(Gathered(*MakeSource<uint32_t>({1, 1}, {4294967295}), {0}),
              ElementsAre(4294967296.f));
  EXPECT_THAT(Gathered(*MakeSource<uint64_t>({1, 1}, {1}), {0}), ElementsAre(1));
  EXPECT_THAT(Gathered(*MakeSource<double>({1, 2}, {0.5, -2}), {0}), ElementsAre(0.5, -2));
  auto halves = Array::FromBytes(DType::kFloat16, {1, 1}, MakeBytes({0x00, 0xc5}));
  EXPECT_THAT(Gathered(**ArraySource::Create(*halves), {0}), ElementsAre(-5));
  auto bools = Array::FromBytes(DType::kBool, {2}, MakeBytes({1, 0}));
  EXPECT_THAT(Gathered(**ArraySource::Create(*bools), {1, 0}), ElementsAre(0, 1));
}

TEST(ArraySourceTest, KeepsTheTypeThatWasStored) {
  const auto source = MakeSource<uint8_t>({4, 8}, std::vector<uint8_t>(32));
  EXPECT_EQ(source->array().byte_size(), 32);
}

TEST(ArraySourceTest, RefusesWhatIsNoColumnOfSamples) {
  EXPECT_THAT(ArraySource::Create(*Array::FromValues<float>({}, {1})),
              FailsWith(kInvalid, "a single number"));
  EXPECT_THAT(ArraySource::Create(*Array::FromValues<float>({4, 0}, {})),
              FailsWith(kInvalid, "no elements"));
  EXPECT_THAT(ArraySource::Create(*Array::FromValues<float>({1, 3}, {1, 2, 3}), {1, {1, 2}}),
              FailsWith(kInvalid, "2 offsets for samples of 3"));
}

TEST(OneHotSourceTest, SetsTheElementOfTheClass) {
  const auto source = OneHotSource::Create(*Array::FromValues<uint8_t>({3}, {2, 0, 1}), 3);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT((*source)->shape(), ElementsAre(3));
  EXPECT_THAT(Gathered(**source, {0, 2, 1}), ElementsAre(0, 0, 1, 0, 1, 0, 1, 0, 0));
}

TEST(OneHotSourceTest, NamesTheSampleWhoseLabelIsOutOfRange) {
  EXPECT_THAT(OneHotSource::Create(*Array::FromValues<uint8_t>({3}, {2, 10, 1}), 10),
              FailsWith(kInvalid, "sample 1 has the label 10; labels are integers from 0 to 9"));
  EXPECT_THAT(OneHotSource::Create(*Array::FromValues<int32_t>({1}, {-1}), 10),
              FailsWith(kInvalid, "the label -1"));
  EXPECT_THAT(OneHotSource::Create(*Array::FromValues<float>({1}, {0.5}), 10),
              FailsWith(kInvalid, "the label 0.5"));
  EXPECT_THAT(OneHotSource::Create(*Array::FromValues<float>({1}, {NAN}), 10),
              FailsWith(kInvalid, "the label nan"));
  EXPECT_THAT(OneHotSource::Create(*Array::FromValues<uint8_t>({1, 2}, {1, 2}), 10),
              FailsWith(kInvalid, "one integer for each sample"));
}

}  // namespace
}  // namespace kur
