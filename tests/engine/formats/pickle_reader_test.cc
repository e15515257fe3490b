#include "engine/formats/pickle/pickle_reader.h"

#include <cmath>
#include <limits>

#include "tests/engine/data/data_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Type = PickleValue::Type;

PickleValue Load(const std::string& name) {
  auto value = ReadPickle(FixturePath(name));
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() ? *value : PickleValue();
}

const PickleValue& Get(const PickleValue& dict, absl::string_view key) {
  static const PickleValue none;
  const PickleValue* found = dict.Find(std::string(key));
  EXPECT_NE(found, nullptr) << key;
  return found == nullptr ? none : *found;
}

std::vector<int64_t> Ints(const PickleValue& list) {
  std::vector<int64_t> ints;
  for (const PickleValue& element : list.as_list()) ints.push_back(element.as_int());
  return ints;
}

std::string FileOfProtocol(const std::string& name, int protocol) {
  return name + ".p" + std::to_string(protocol) + ".pkl";
}

void ExpectCountingArrays(const PickleValue& arrays) {
  constexpr DType kTypes[] = {DType::kBool,   DType::kInt8,    DType::kInt16,   DType::kInt32,
                              DType::kInt64,  DType::kUint8,   DType::kUint16,  DType::kUint32,
                              DType::kUint64, DType::kFloat16, DType::kFloat32, DType::kFloat64};
  constexpr const char* kCodes[] = {"b1", "i1", "i2", "i4", "i8", "u1",
                                    "u2", "u4", "u8", "f2", "f4", "f8"};
  for (size_t i = 0; i < 12; ++i) {
    for (const char* order : {"_C", "_F", "_big"}) {
      SCOPED_TRACE(std::string(kCodes[i]) + order);
      const PickleValue& value = Get(arrays, std::string(kCodes[i]) + order);
      ASSERT_EQ(value.type(), Type::kArray);
      const Array& array = value.as_array();
      EXPECT_EQ(array.dtype(), kTypes[i]);
      ASSERT_THAT(array.shape(), ElementsAre(2, 3, 4));
      for (int64_t j = 0; j < 24; ++j) {
        ASSERT_EQ(array.At(j), i == 0 ? (j != 0) : static_cast<double>(j));
      }
    }
  }
}

class PickleProtocolTest : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(All, PickleProtocolTest, testing::Range(0, 6));

TEST_P(PickleProtocolTest, ReadsArraysOfEveryTypeAndOrder) {
  const PickleValue arrays = Load(FileOfProtocol("arrays", GetParam()));
  ExpectCountingArrays(arrays);
  const Array& strided = Get(arrays, "strided").as_array();
  for (int64_t i = 0; i < 24; ++i) EXPECT_EQ(strided.At(i), i);
}

TEST_P(PickleProtocolTest, ReadsArraysOfNumPy2) {
  ExpectCountingArrays(Load(FileOfProtocol("numpy2", GetParam())));
}

TEST_P(PickleProtocolTest, ReadsNumbersAndStrings) {
  const PickleValue root = Load(FileOfProtocol("nested", GetParam()));
  EXPECT_EQ(Get(root, "none").type(), Type::kNone);
  EXPECT_TRUE(Get(root, "bools").as_list()[0].as_bool());
  EXPECT_FALSE(Get(root, "bools").as_list()[1].as_bool());
  EXPECT_THAT(Ints(Get(root, "ints")),
              ElementsAre(0, 1, -1, 255, 256, 65535, 65536, INT32_MIN, INT32_MAX, int64_t{1} << 40,
                          -(int64_t{1} << 40), INT64_MAX, INT64_MIN));
  std::vector<double> floats;
  for (const PickleValue& value : Get(root, "floats").as_list()) floats.push_back(value.as_float());
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(floats, ElementsAre(0, -1.5, 1e300, 0.1, kInfinity, -kInfinity, testing::IsNan()));
  EXPECT_EQ(Get(root, "text").as_string(), "h\u00e9llo \u2713 \U0001f600 \\u0041\n");
  EXPECT_EQ(Get(root, "long text").as_string(), std::string(300, 'x'));
  std::string bytes(256, '\0');
  for (int i = 0; i < 256; ++i) bytes[static_cast<size_t>(i)] = static_cast<char>(i);
  EXPECT_EQ(Get(root, "bytes").as_string(), bytes);
  EXPECT_EQ(Get(root, "bytes").type(), Type::kBytes);
  EXPECT_EQ(Get(root, "no bytes").as_string(), "");
  EXPECT_EQ(Get(root, "no bytes").type(), Type::kBytes);
  EXPECT_EQ(Get(root, "bytearray").as_string(), "ab\xff");
}

TEST_P(PickleProtocolTest, ReadsContainers) {
  const PickleValue root = Load(FileOfProtocol("nested", GetParam()));
  const PickleValue::List& tuple = Get(root, "tuple").as_list();
  EXPECT_EQ(Get(root, "tuple").type(), Type::kTuple);
  ASSERT_EQ(tuple.size(), 4u);
  EXPECT_THAT(Ints(tuple[1]), ElementsAre(2));
  EXPECT_THAT(Ints(tuple[2]), IsEmpty());
  EXPECT_THAT(Ints(tuple[3]), ElementsAre(3, 4, 5, 6));
  EXPECT_EQ(Get(root, "set").type(), Type::kSet);
  EXPECT_THAT(Ints(Get(root, "set")), ElementsAre(7));
  EXPECT_THAT(Ints(Get(root, "frozenset")), ElementsAre(8));
  const PickleValue& ordered = Get(root, "ordered");
  ASSERT_EQ(ordered.type(), Type::kDict);
  EXPECT_EQ(ordered.as_dict()[0].first.as_string(), "b");
  EXPECT_EQ(Get(ordered, "a").as_int(), 2);
  EXPECT_THAT(Ints(Get(root, "shared").as_list()[1]), ElementsAre(1, 2));
  EXPECT_EQ(Ints(Get(root, "long list")).size(), 1100u);
  EXPECT_EQ(Ints(Get(root, "long list")).back(), 1099);
}

TEST_P(PickleProtocolTest, ReadsNumpyNumbersAndEmptyArrays) {
  const PickleValue root = Load(FileOfProtocol("nested", GetParam()));
  const PickleValue::List& scalars = Get(root, "scalars").as_list();
  EXPECT_EQ(scalars[0].as_array().At(0), 1.5);
  EXPECT_EQ(scalars[1].as_array().At(0), -3);
  EXPECT_EQ(scalars[2].as_array().dtype(), DType::kBool);
  EXPECT_EQ(scalars[2].as_array().At(0), 1);
  EXPECT_THAT(Get(root, "no rows").as_array().shape(), ElementsAre(0, 3));
  EXPECT_EQ(Get(root, "number").as_array().rank(), 0);
  EXPECT_EQ(Get(root, "number").as_array().At(0), 7);
}

TEST(PickleReaderTest, ReadsWhatPython2Wrote) {
  for (int protocol = 0; protocol < 3; ++protocol) {
    SCOPED_TRACE(protocol);
    const PickleValue root = Load(FileOfProtocol("python2", protocol));
    EXPECT_EQ(Get(root, "text").as_string(), "caf\u00e9\n'\"\\");
    EXPECT_EQ(Get(root, "long").as_string(), std::string(300, 'y'));
    EXPECT_THAT(Ints(Get(root, "labels")), ElementsAre(3, 1, 2));
    const Array& data = Get(root, "data").as_array();
    EXPECT_EQ(data.dtype(), DType::kUint8);
    EXPECT_EQ(data.At(23), 23);
    EXPECT_EQ(Get(root, "big").as_array().At(23), 23);
  }
}

TEST(PickleReaderTest, PartsThatAPickleSharesAreShared) {
  const PickleValue root = Load("nested.p4.pkl");
  const PickleValue::List& shared = Get(root, "shared").as_list();
  EXPECT_EQ(&shared[0].as_list(), &shared[1].as_list());
}

TEST(PickleReaderTest, APickleCutAnywhereIsAnError) {
  for (int protocol = 0; protocol < 6; ++protocol) {
    const std::string whole = ReadFixture(FileOfProtocol("nested", protocol));
    for (size_t size = 0; size < whole.size(); ++size) {
      ASSERT_THAT(ParsePickle(absl::string_view(whole).substr(0, size), "cut.pkl"),
                  FailsWith(absl::StatusCode::kDataLoss, "cut.pkl: cannot read the pickle: at "))
          << "protocol " << protocol << " cut to " << size;
    }
  }
}

// Damage may go unnoticed (one number becomes another), but does no harm.
TEST(PickleReaderTest, SurvivesEveryChangedByte) {
  for (const std::string name : {"python2.p0.pkl", "python2.p2.pkl", "arrays.p5.pkl"}) {
    const std::string whole = ReadFixture(name);
    for (size_t i = 0; i < whole.size(); ++i) {
      for (const int flip : {0x01, 0xff}) {
        std::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] ^ flip);
        const auto value = ParsePickle(damaged, "damaged.pkl");
        EXPECT_NE(value.status().code(), absl::StatusCode::kInternal);
      }
    }
  }
}

}  // namespace
}  // namespace kur
