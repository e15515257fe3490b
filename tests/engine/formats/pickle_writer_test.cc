#include "engine/formats/pickle/pickle_writer.h"

#include "engine/formats/pickle/pickle_reader.h"
#include "tests/engine/data/data_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;

// Returns a value of every type; tests/reference/data_check.py checks the result in Python.
PickleValue EverythingThereIs() {
  PickleValue::Dict arrays;
  const auto add = [&arrays](const char* name, absl::StatusOr<Array> array) {
    ASSERT_TRUE(array.ok()) << array.status();
    arrays.emplace_back(PickleValue(name), PickleValue(*std::move(array)));
  };
  add("bool", Array::FromBytes(DType::kBool, {2}, MakeBytes({1, 0})));
  add("float16", Array::FromBytes(DType::kFloat16, {2}, MakeBytes({0x00, 0x3c, 0x00, 0xc5})));
  add("int8", Array::FromValues<int8_t>({2}, {1, -5}));
  add("int16", Array::FromValues<int16_t>({2}, {1, -5}));
  add("int32", Array::FromValues<int32_t>({2}, {1, -5}));
  add("int64", Array::FromValues<int64_t>({2}, {1, -5}));
  add("uint8", Array::FromValues<uint8_t>({2}, {1, 251}));
  add("uint16", Array::FromValues<uint16_t>({2}, {1, 65531}));
  add("uint32", Array::FromValues<uint32_t>({2}, {1, 4294967291}));
  add("uint64", Array::FromValues<uint64_t>({2}, {1, 18446744073709551611u}));
  add("float32", Array::FromValues<float>({2, 3}, {0, 1, 2, 3, 4, 5}));
  add("float64", Array::FromValues<double>({2}, {1, -5}));
  add("empty", Array::FromValues<float>({0, 10}, {}));
  add("scalar", Array::FromValues<float>({}, {7}));
  return PickleValue::MakeDict(
      {{PickleValue("result"), PickleValue::MakeDict(arrays)},
       {PickleValue("truth"), PickleValue()},
       {PickleValue("bools"), PickleValue::MakeTuple({PickleValue(true), PickleValue(false)})},
       {PickleValue("ints"),
        PickleValue::MakeList({PickleValue(int64_t{0}), PickleValue(int64_t{-1}),
                               PickleValue(int64_t{INT32_MAX} + 1), PickleValue(INT64_MIN)})},
       {PickleValue("floats"), PickleValue::MakeList({PickleValue(0.1), PickleValue(-1e300)})},
       {PickleValue("text"), PickleValue("caf\u00e9")},
       {PickleValue("bytes"), PickleValue::MakeBytes(std::string("\x00\xff", 2))},
       {PickleValue("set"), PickleValue::MakeSet({PickleValue(int64_t{3})})},
       {PickleValue(int64_t{5}), PickleValue::MakeList({})}});
}

void ExpectSame(const PickleValue& a, const PickleValue& b) {
  ASSERT_EQ(a.type(), b.type());
  switch (a.type()) {
    case PickleValue::Type::kNone:
      return;
    case PickleValue::Type::kBool:
      EXPECT_EQ(a.as_bool(), b.as_bool());
      return;
    case PickleValue::Type::kInt:
      EXPECT_EQ(a.as_int(), b.as_int());
      return;
    case PickleValue::Type::kFloat:
      EXPECT_EQ(a.as_float(), b.as_float());
      return;
    case PickleValue::Type::kString:
    case PickleValue::Type::kBytes:
      EXPECT_EQ(a.as_string(), b.as_string());
      return;
    case PickleValue::Type::kDict:
      ASSERT_EQ(a.as_dict().size(), b.as_dict().size());
      for (size_t i = 0; i < a.as_dict().size(); ++i) {
        ExpectSame(a.as_dict()[i].first, b.as_dict()[i].first);
        ExpectSame(a.as_dict()[i].second, b.as_dict()[i].second);
      }
      return;
    case PickleValue::Type::kArray:
      EXPECT_EQ(a.as_array().dtype(), b.as_array().dtype());
      EXPECT_EQ(a.as_array().shape(), b.as_array().shape());
      EXPECT_EQ(Values(a.as_array()), Values(b.as_array()));
      return;
    default:
      ASSERT_EQ(a.as_list().size(), b.as_list().size());
      for (size_t i = 0; i < a.as_list().size(); ++i) ExpectSame(a.as_list()[i], b.as_list()[i]);
  }
}

TEST(PickleWriterTest, WhatIsWrittenIsReadBack) {
  const PickleValue value = EverythingThereIs();
  const auto read = ParsePickle(FormatPickle(value), "written.pkl");
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectSame(*read, value);
}

// tests/reference/data_check.py has checked the fixture with Python and NumPy.
TEST(PickleWriterTest, WritesTheBytesThatPythonWasSeenToRead) {
  EXPECT_EQ(FormatPickle(EverythingThereIs()), ReadFixture("written.pkl"));
}

TEST(PickleWriterTest, LargeArraysGoToTheSinkWhole) {
  const PickleValue value(*Array::FromValues<float>({100'000}, std::vector<float>(100'000, 1.0f)));
  std::vector<size_t> pieces;
  std::string whole;
  ASSERT_TRUE(WritePickle(value, [&](absl::string_view piece) {
                pieces.push_back(piece.size());
                whole.append(piece.data(), piece.size());
                return absl::OkStatus();
              }).ok());
  EXPECT_THAT(pieces, ElementsAre(testing::Lt(1000), 400'000, testing::Lt(1000)));
  ExpectSame(*ParsePickle(whole, "large.pkl"), value);
}

TEST(PickleWriterTest, AnErrorOfTheSinkEndsTheWriting) {
  const PickleValue large(*Array::FromValues<float>({100'000}, std::vector<float>(100'000)));
  int calls = 0;
  const absl::Status status =
      WritePickle(PickleValue::MakeList({large, large, large}), [&calls](absl::string_view) {
        ++calls;
        return absl::ResourceExhaustedError("disk full");
      });
  EXPECT_EQ(status.message(), "disk full");
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace kur
