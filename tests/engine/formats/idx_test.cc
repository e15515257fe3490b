#include "engine/formats/idx.h"

#include <numeric>

#include "tests/engine/data/data_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;

std::vector<double> Counting(int64_t count) {
  std::vector<double> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

std::string Bytes(std::initializer_list<int> bytes) { return {bytes.begin(), bytes.end()}; }

TEST(IdxTest, ReadsEveryTypeThatOthersWrote) {
  const std::pair<const char*, DType> cases[] = {{"u1", DType::kUint8},   {"i1", DType::kInt8},
                                                 {"i2", DType::kInt16},   {"i4", DType::kInt32},
                                                 {"f4", DType::kFloat32}, {"f8", DType::kFloat64}};
  for (const auto& [name, dtype] : cases) {
    const auto array = ReadIdx(FixturePath(std::string(name) + ".idx"));
    ASSERT_TRUE(array.ok()) << array.status();
    EXPECT_EQ(array->dtype(), dtype);
    EXPECT_THAT(array->shape(), ElementsAre(2, 3, 4));
    EXPECT_EQ(Values(*array), Counting(24)) << name;
  }
}

TEST(IdxTest, ReadsCompressedFilesWhateverTheirName) {
  const TemporaryDirectory dir;
  const auto array = ReadIdx(dir.Write("images", ReadFixture("u1.idx.gz")));
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_EQ(Values(*array), Counting(24));
}

TEST(IdxTest, WritesTheBytesThatOthersWrite) {
  for (const char* name : {"u1.idx", "i1.idx", "i2.idx", "i4.idx", "f4.idx", "f8.idx"}) {
    const auto array = ReadIdx(FixturePath(name));
    EXPECT_EQ(*FormatIdx(*array), ReadFixture(name)) << name;
  }
}

TEST(IdxTest, RefusesToWriteWhatTheFormatLacks) {
  EXPECT_THAT(FormatIdx(*Array::FromValues<int64_t>({1}, {1})),
              FailsWith(absl::StatusCode::kInvalidArgument, "cannot hold int64"));
}

TEST(IdxTest, AFileCutAnywhereIsAnError) {
  const TemporaryDirectory dir;
  for (const char* name : {"i2.idx", "u1.idx.gz"}) {
    const std::string whole = ReadFixture(name);
    for (size_t size = 0; size < whole.size(); ++size) {
      const std::string path = dir.Write("cut.idx", whole.substr(0, size));
      EXPECT_THAT(ReadIdx(path), FailsWith(kDataLoss, path)) << name << " cut to " << size;
    }
  }
}

TEST(IdxTest, SaysWhereAFileEndsAndWhatWasExpected) {
  const std::string cut = ReadFixture("u1.idx").substr(0, 20);
  EXPECT_THAT(ParseIdx(cut, "a.idx"),
              FailsWith(kDataLoss,
                        "a.idx: at offset 16: the header promises 24 bytes of data, but the file "
                        "cannot hold more than 4"));
  EXPECT_THAT(ParseIdx(Bytes({0, 0, 8}), "a.idx"), FailsWith(kDataLoss, "a.idx: at offset 3"));
  EXPECT_THAT(ParseIdx("GIF8", "a.idx"),
              FailsWith(kDataLoss,
                        "at offset 0: not an IDX file: expected the bytes 00 00, found "
                        "47 49"));
  EXPECT_THAT(ParseIdx(Bytes({0, 0, 7, 0}), "a.idx"), FailsWith(kDataLoss, "type 0x07"));
}

TEST(IdxTest, RefusesBytesAfterTheEnd) {
  EXPECT_THAT(ParseIdx(ReadFixture("u1.idx") + "x", "a.idx"),
              FailsWith(kDataLoss, "at offset 40: there is more after the 24 bytes"));
}

TEST(IdxTest, AHeaderThatAsksForTerabytesIsRefusedBeforeAnythingIsSetAside) {
  const std::string huge = Bytes({0, 0, 0x0E, 1, 0xff, 0xff, 0xff, 0xff});
  EXPECT_THAT(ParseIdx(huge, "a.idx"), FailsWith(kDataLoss, "promises 34359738360 bytes"));
  const std::string overflow =
      Bytes({0, 0, 0x0E, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
  EXPECT_THAT(ParseIdx(overflow, "a.idx"), FailsWith(kDataLoss, "than memory can hold"));
}

// Only the padding bits of the last compressed byte have no meaning.
TEST(IdxTest, DamagedCompressionIsAnError) {
  const TemporaryDirectory dir;
  const std::string whole = ReadFixture("u1.idx.gz");
  for (size_t i = 10; i < whole.size(); ++i) {
    if (i == whole.size() - 9) continue;
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_THAT(ReadIdx(dir.Write("damaged.gz", damaged)), FailsWith(kDataLoss, "damaged.gz"))
        << "byte " << i;
  }
}

TEST(IdxTest, AMissingFileIsNotFound) {
  EXPECT_THAT(ReadIdx("/nowhere/a.idx"), FailsWith(absl::StatusCode::kNotFound, "/nowhere/a.idx"));
}

TEST(IdxTest, ReadsFilesLargerThanOneRead) {
  const TemporaryDirectory dir;
  std::vector<int32_t> values(1'000'000);
  std::iota(values.begin(), values.end(), -500'000);
  const auto array = Array::FromValues<int32_t>({1000, 1000}, values);
  const auto read = ReadIdx(dir.Write("large.idx", *FormatIdx(*array)));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(Values(*read), Values(*array));
}

Array Floats(std::vector<float> values) {
  const auto count = static_cast<int64_t>(values.size());
  return *Array::FromValues<float>({count}, values);
}

TEST(IdxAppendTest, AddsRowsToTheEnd) {
  const TemporaryDirectory dir;
  const std::string path = dir.File("column");
  ASSERT_TRUE(AppendIdx(path, Floats({1, 2})).ok());
  ASSERT_TRUE(AppendIdx(path, Floats({3})).ok());
  ASSERT_TRUE(AppendIdx(path, Floats({})).ok());
  EXPECT_THAT(Values(*ReadIdx(path)), ElementsAre(1, 2, 3));
  EXPECT_EQ(ReadFile(path), *FormatIdx(Floats({1, 2, 3})));
}

TEST(IdxAppendTest, RefusesRowsOfAnotherKind) {
  const TemporaryDirectory dir;
  const std::string path = dir.File("column");
  ASSERT_TRUE(AppendIdx(path, Floats({1, 2})).ok());
  const absl::Status type = AppendIdx(path, *Array::FromValues<int32_t>({1}, {1}));
  EXPECT_EQ(type.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(type.message()), testing::HasSubstr("holds float32, not int32"));
  const absl::Status shape = AppendIdx(path, *Array::FromValues<float>({1, 2}, {1, 2}));
  EXPECT_EQ(shape.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Values(*ReadIdx(path)), ElementsAre(1, 2));
}

TEST(IdxAppendTest, WritesOverWhatATornAppendLeft) {
  const TemporaryDirectory dir;
  const std::string torn = *FormatIdx(Floats({1, 2})) + "abcdefg";
  const std::string path = dir.Write("column", torn);
  ASSERT_TRUE(AppendIdx(path, Floats({3})).ok());
  EXPECT_THAT(Values(*ReadIdx(path)), ElementsAre(1, 2, 3));
}

TEST(IdxAppendTest, CountsWholeRowsAndCutsTheRest) {
  const TemporaryDirectory dir;
  const std::string whole = *FormatIdx(Floats({1, 2, 3}));
  const std::string path = dir.Write("column", whole.substr(0, whole.size() - 1));
  const auto rows = CountIdxRows(path);
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->counted, 3);
  EXPECT_EQ(rows->present, 2);
  EXPECT_TRUE(rows->trailing);
  ASSERT_TRUE(TruncateIdx(path, rows->present).ok());
  EXPECT_THAT(Values(*ReadIdx(path)), ElementsAre(1, 2));
}

}  // namespace
}  // namespace kur
