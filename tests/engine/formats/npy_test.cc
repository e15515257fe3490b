// NumPy's files: npy, npz, and dictionaries in npy.

#include <zlib.h>

#include <fstream>

#include "engine/base/status.h"
#include "engine/formats/byte_input.h"
#include "engine/formats/npy_reader.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDamaged = absl::StatusCode::kDataLoss;

absl::StatusOr<Array> Parse(const std::string& data) {
  return ReadNpy(*ByteInput::FromMemory(data));
}

// Returns a file of format 1.0 with this header.
std::string Npy(const std::string& header, const std::string& data) {
  const std::string text = header + "\n";
  const std::string size = {static_cast<char>(text.size() & 0xff),
                            static_cast<char>(text.size() >> 8)};
  return std::string("\x93NUMPY\x01\x00", 8) + size + text + data;
}

std::vector<double> Counting() {
  std::vector<double> values;
  for (int i = 0; i < 24; ++i) values.push_back(i);
  return values;
}

TEST(NpyTest, ReadsEveryVersionOfTheFormat) {
  for (const char* file : {"v1.npy", "v2.npy", "v3.npy"}) {
    const auto array = Parse(ReadFixture(file));
    ASSERT_TRUE(array.ok()) << file << array.status();
    EXPECT_EQ(array->dtype(), DType::kInt16);
    EXPECT_THAT(array->shape(), ElementsAre(2, 3, 4));
    EXPECT_EQ(Values(*array), Counting());
  }
}

TEST(NpyTest, ReadsEveryTypeAndOrderStoredOrDeflated) {
  for (const char* file : {"stored.npz", "deflated.npz"}) {
    const auto arrays = ReadNpz(FixturePath(file));
    ASSERT_TRUE(arrays.ok()) << file << arrays.status();
    EXPECT_EQ(arrays->size(), 37U);
    for (const auto& [name, value] : *arrays) {
      const Array& array = value.as_array();
      EXPECT_THAT(array.shape(), ElementsAre(2, 3, 4)) << name;
      if (array.dtype() == DType::kBool) continue;
      EXPECT_EQ(Values(array), Counting()) << name;
    }
    EXPECT_EQ(arrays->at("b1_F").as_array().At(23), 1);
    EXPECT_EQ(arrays->at("f2_big").as_array().dtype(), DType::kFloat16);
    EXPECT_EQ(arrays->at("u4_C").as_array().dtype(), DType::kUint32);
  }
}

TEST(NpyTest, ReadsHeadersAsPython2WroteThem) {
  const auto array =
      Parse(Npy("{\"shape\": (2L, 1L), 'descr': '|u1', 'fortran_order': True}  ", "\x05\x06"));
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_THAT(array->shape(), ElementsAre(2, 1));
  EXPECT_THAT(Values(*array), ElementsAre(5, 6));
}

TEST(NpyTest, RefusesWhatHoldsNoNumbers) {
  const auto of_type = [](const std::string& type) {
    return Parse(
        Npy("{'descr': " + type + ", 'fortran_order': False, 'shape': (1,), }", "12345678"));
  };
  EXPECT_THAT(of_type("'|O'"), FailsWith(kInvalid, "Python objects"));
  EXPECT_THAT(of_type("'<U2'"), FailsWith(kInvalid, "texts where numbers are expected"));
  EXPECT_THAT(of_type("'<c8'"), FailsWith(kInvalid, "'<c8'"));
  EXPECT_THAT(of_type("[('a', '<f4')]"), FailsWith(kInvalid, "structured elements"));
}

TEST(NpyTest, RefusesDamagedHeaders) {
  const std::vector<std::string> headers = {
      "",
      "{",
      "{}",
      "{'descr': '<f4', 'fortran_order': False}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
      "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1, -1)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 'a')}",
      "{'descr: '<f4', 'fortran_order': False, 'shape': (1,)}",
      "{'descr': '<f4', 'order': False, 'shape': (1,)}",
  };
  for (const std::string& header : headers) {
    EXPECT_THAT(Parse(Npy(header, "1234")), FailsWith(kDamaged, "header is malformed")) << header;
  }
  EXPECT_THAT(Parse("PK\x03\x04 no numpy"), FailsWith(kDamaged, "does not begin as one"));
  EXPECT_THAT(Parse(std::string("\x93NUMPY\x04\x00zz", 10)), FailsWith(kDamaged, "the version 4"));
  EXPECT_THAT(Parse(std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12)),
              FailsWith(kDamaged, "longer than a megabyte"));
}

TEST(NpyTest, SizesThatTheFileCannotHoldAreRefused) {
  const auto of_shape = [](const std::string& shape) {
    return Parse(
        Npy("{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + ", }", "12345678"));
  };
  EXPECT_TRUE(of_shape("(1,)").ok());
  EXPECT_TRUE(of_shape("()").ok());
  EXPECT_THAT(of_shape("(1000000000000,)"),
              FailsWith(kDamaged, "promises 8000000000000 bytes of data"));
  EXPECT_THAT(of_shape("(4294967296, 4294967296)"),
              FailsWith(kDamaged, "more elements than memory"));
  EXPECT_THAT(of_shape("(2,)"), FailsWith(kDamaged, "promises 16 bytes"));
  EXPECT_THAT(of_shape("(0,)"), FailsWith(kDamaged, "bytes follow the array"));
}

TEST(NpyTest, AFileThatIsCutAnywhereIsRefused) {
  const std::string npy = ReadFixture("v2.npy");
  for (size_t size = 0; size < npy.size(); ++size) {
    EXPECT_EQ(Parse(npy.substr(0, size)).status().code(), kDamaged) << size;
  }
  const std::string npz = ReadFixture("deflated.npz");
  for (size_t size = 0; size < npz.size(); ++size) {
    EXPECT_FALSE(ParseNpz(npz.substr(0, size)).ok()) << size;
  }
  const std::string dict = ReadFixture("dict.npy");
  for (size_t size = 0; size < dict.size(); ++size) {
    EXPECT_FALSE(ReadNpyObject(*ByteInput::FromMemory(dict.substr(0, size))).ok()) << size;
  }
}

TEST(NpyTest, AFlippedBitInAZipIsNoticed) {
  std::string npz = ReadFixture("stored.npz");
  const size_t data = npz.find("NUMPY") + 130;
  npz[data] = static_cast<char>(npz[data] ^ 1);
  EXPECT_THAT(ParseNpz(npz), FailsWith(kDamaged, "array '"));
}

class NumpySuppliersTest : public SupplierTest {};

TEST_F(NumpySuppliersTest, TheArraysOfANpzAreSources) {
  dir_.Write("data.npz", ReadFixture("deflated.npz"));
  const auto sources = Open("npz", Value("data.npz"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(sources->at("i2_big")->shape(), ElementsAre(3, 4));
  EXPECT_THAT(Sample(*sources, "i2_big", 1),
              ElementsAre(12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23));
  dir_.Write("data.npz", ReadFixture("v1.npy"));
  EXPECT_THAT(Open("npz", Value("data.npz")),
              FailsWith(kInvalid, "train.data[0].npz: data.npz: cannot read the zip"));
}

TEST_F(NumpySuppliersTest, TheFileNamesTheSourceOfANpy) {
  dir_.Write("images.npy", ReadFixture("v1.npy"));
  const auto sources = Open("npy", Value("images.npy"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(Sample(*sources, "images", 0).size(), 12U);
  const auto named =
      Open("npy", MakeDict({{"source", Value("images.npy")}, {"name", Value("pictures")}}));
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_EQ(named->count("pictures"), 1U);
  dir_.Write("images.npy", "no array");
  EXPECT_THAT(Open("npy", Value("images.npy")),
              FailsWith(kInvalid, "train.data[0].npy: images.npy: no NPY file"));
}

// Larger than the files that are copied.
constexpr int64_t kManyNumbers = 300'000;

std::string ManyNumbers() {
  std::vector<float> values;
  for (int64_t i = 0; i < kManyNumbers; ++i) values.push_back(static_cast<float>(i));
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// Pads `text` with spaces until the data is at an offset with this remainder.
std::string Padded(const std::string& text, size_t remainder) {
  size_t spaces = 0;
  while ((text.size() + 11 + spaces) % 4 != remainder) ++spaces;
  return text + std::string(spaces, ' ');
}

constexpr char kFloats[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (300000,)}";

absl::StatusOr<Array> ReadFileAsNpy(const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const auto input, ByteInput::OpenFile(path));
  return ReadNpy(*input);
}

// Returns whether later writes to the file appear in the array.
bool IsMapped(const Array& array, const std::string& path) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(-static_cast<int>(sizeof(float)), std::ios::end);
  const float marked = -1;
  file.write(reinterpret_cast<const char*>(&marked), sizeof(marked));
  file.close();
  return array.At(array.count() - 1) == -1;
}

TEST_F(NumpySuppliersTest, LargeFilesAreMappedAndOutliveTheirNames) {
  const std::string path = dir_.Write("a.npy", Npy(Padded(kFloats, 0), ManyNumbers()));
  const auto array = ReadFileAsNpy(path);
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_EQ(array->count(), kManyNumbers);
  for (const int64_t i : {int64_t{0}, int64_t{1}, kManyNumbers - 1}) EXPECT_EQ(array->At(i), i);
  EXPECT_TRUE(IsMapped(*array, path));
  std::filesystem::remove(path);
  EXPECT_EQ(array->At(1000), 1000);
}

TEST_F(NumpySuppliersTest, WhatCannotBeMappedIsCopied) {
  const std::string unaligned = dir_.Write("u.npy", Npy(Padded(kFloats, 1), ManyNumbers()));
  auto array = ReadFileAsNpy(unaligned);
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_EQ(array->At(kManyNumbers - 1), kManyNumbers - 1);
  EXPECT_FALSE(IsMapped(*array, unaligned));

  const std::string big = dir_.Write(
      "b.npy", Npy(Padded("{'descr': '>f4', 'fortran_order': False, 'shape': (300000,)}", 0),
                   ManyNumbers()));
  array = ReadFileAsNpy(big);
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_FALSE(IsMapped(*array, big));

  const std::string compressed = dir_.File("c.npy");
  gzFile file = gzopen(compressed.c_str(), "wb");
  const std::string content = Npy(Padded(kFloats, 0), ManyNumbers());
  gzwrite(file, content.data(), static_cast<unsigned>(content.size()));
  gzclose(file);
  array = ReadFileAsNpy(compressed);
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_EQ(array->At(1000), 1000);
}

TEST_F(NumpySuppliersTest, AMappedFileIsCheckedAsACopiedOneIs) {
  const std::string whole = Npy(Padded(kFloats, 0), ManyNumbers());
  EXPECT_THAT(ReadFileAsNpy(dir_.Write("s.npy", whole.substr(0, whole.size() - 1))),
              FailsWith(kDamaged, "the header promises 1200000 bytes of data"));
  EXPECT_THAT(ReadFileAsNpy(dir_.Write("l.npy", whole + "x")),
              FailsWith(kDamaged, "bytes follow the array"));
}

TEST_F(NumpySuppliersTest, ADictionaryThatNumpySavedIsRead) {
  dir_.Write("dict.npy", ReadFixture("dict.npy"));
  const auto sources = Open("numpy_dict", Value("dict.npy"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->size(), 3U);
  EXPECT_THAT(Sample(*sources, "list", 1), ElementsAre(4));
  EXPECT_THAT(Sample(*sources, "big", 0), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
  dir_.Write("dict.npy", ReadFixture("v1.npy"));
  EXPECT_THAT(Open("numpy_dict", Value("dict.npy")),
              FailsWith(kInvalid,
                        "dict.npy: the file holds an array, not a dictionary; the "
                        "supplier npy reads arrays"));
}

}  // namespace
}  // namespace kur
