// The supplier safetensors.

#include "engine/formats/byte_input.h"
#include "engine/formats/safetensors_reader.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDamaged = absl::StatusCode::kDataLoss;

absl::StatusOr<std::map<std::string, Array>> Read(const std::string& content) {
  return ReadSafetensors(*ByteInput::FromMemory(content));
}

// Returns a file with this header.
std::string File(const std::string& header, const std::string& data = "") {
  std::string length(8, '\0');
  for (size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(header.size() >> (8 * i));
  return length + header + data;
}

std::string Tensor(const std::string& type, const std::string& shape, const std::string& offsets) {
  return absl::StrCat(R"({"x": {"dtype": ")", type, R"(", "shape": )", shape,
                      R"(, "data_offsets": )", offsets, "}}");
}

class SafetensorsTest : public SupplierTest {};

TEST_F(SafetensorsTest, ReadsEveryTypeThatPythonWrote) {
  const auto arrays = Read(ReadFixture("tensors.safetensors"));
  ASSERT_TRUE(arrays.ok()) << arrays.status();
  EXPECT_EQ(arrays->size(), 13U);
  for (const auto& [name, array] : *arrays) {
    if (name == "bf16") continue;
    EXPECT_THAT(array.shape(), ElementsAre(2, 3, 4)) << name;
    for (int64_t i = 0; i < 24; ++i) {
      EXPECT_EQ(array.At(i), name == "b1" ? static_cast<double>(i > 0) : static_cast<double>(i));
    }
  }
  EXPECT_EQ(arrays->at("f2").dtype(), DType::kFloat16);
  EXPECT_EQ(arrays->at("u8").dtype(), DType::kUint64);
  EXPECT_THAT(arrays->at("bf16").shape(), ElementsAre(2, 2));
  EXPECT_THAT(Values(arrays->at("bf16")), ElementsAre(1, -2.5, 3.140625, 0));
}

TEST_F(SafetensorsTest, TensorsAreSources) {
  dir_.Write("t.safetensors", ReadFixture("tensors.safetensors"));
  const auto sources = Open("safetensors", Value("t.safetensors"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->at("f4")->size(), 2);
  EXPECT_THAT(sources->at("f4")->shape(), ElementsAre(3, 4));
  EXPECT_THAT(Sample(*sources, "bf16", 1), ElementsAre(3.140625, 0));
}

TEST_F(SafetensorsTest, ErrorsNameTheFileAndTheTensor) {
  dir_.Write("t.safetensors", File(Tensor("F32", "[2]", "[0, 8]"), "1234567"));
  EXPECT_THAT(Open("safetensors", Value("t.safetensors")),
              FailsWith(kInvalid,
                        "train.data[0].safetensors: t.safetensors: tensor 'x': the file ends 1 "
                        "bytes before it does"));
  dir_.Write("t.safetensors", File("{}"));
  EXPECT_THAT(Open("safetensors", Value("t.safetensors")),
              FailsWith(kInvalid, "t.safetensors: holds no tensors"));
  dir_.Write("t.safetensors", File(Tensor("F32", "[]", "[0, 4]"), "1234"));
  EXPECT_THAT(Open("safetensors", Value("t.safetensors")),
              FailsWith(kInvalid, "key 'x': a single number is no column of samples"));
  EXPECT_THAT(Open("safetensors", Value("none.safetensors")),
              FailsWith(kInvalid, "none.safetensors"));
}

TEST_F(SafetensorsTest, RefusesHeadersThatDoNotFit) {
  const std::pair<std::string, const char*> kCases[] = {
      {"", "too short"},
      {"1234567", "too short"},
      {std::string(8, '\xff'),
       "is no safetensors file: its header would have 18446744073709551615"},
      {File("[]"), "its header is no JSON dictionary"},
      {File("{"), "its header is no JSON dictionary"},
      {File("{\"x\": 1}"), "tensor 'x': the header lacks its dtype, shape or data_offsets"},
      {File(Tensor("U8", "[-1]", "[0, 1]")), "lacks its"},
      {File(Tensor("U8", "[1.5]", "[0, 1]")), "lacks its"},
      {File(Tensor("U8", "[1]", "[0]")), "lacks its"},
      {File(Tensor("U8", "[1]", "[0, 18446744073709551615]")), "lacks its"},
      {File(Tensor("U8", "[2]", "[0, 1]"), "1"),
       "has the bytes 0 to 1, which its shape does not fit"},
      {File(Tensor("U8", "[1]", "[1, 0]"), "1"), "has the bytes 1 to 0"},
      {File(Tensor("F64", "[4611686018427387904, 4]", "[0, 0]")), "its shape does not fit"},
      {File(Tensor("U8", "[1]", "[1, 2]"), "12"),
       "tensor 'x' begins at the byte 1, but should at 0"},
      {File(Tensor("U8", "[1]", "[0, 1]"), "12"), "has bytes after the last tensor"},
      {File(Tensor("U8", "[1000000000000]", "[0, 1000000000000]"), "12"), "bytes before it does"},
  };
  for (const auto& [content, message] : kCases) {
    EXPECT_THAT(Read(content), FailsWith(kDamaged, message));
  }
  EXPECT_THAT(Read(File(Tensor("F8_E4M3", "[1]", "[0, 1]"), "1")),
              FailsWith(kInvalid, "tensor 'x': elements of the type 'F8_E4M3' cannot be read"));
}

TEST_F(SafetensorsTest, AFileThatIsCutAnywhereIsDamaged) {
  const std::string content = ReadFixture("tensors.safetensors");
  for (size_t size = 0; size < content.size(); ++size) {
    EXPECT_THAT(Read(content.substr(0, size)), FailsWith(kDamaged, "")) << size;
  }
}

}  // namespace
}  // namespace kur
