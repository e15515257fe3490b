// The suppliers of arrays (npz, npy, pickle, safetensors) on what people keep in such files beside
// numbers of one shape. See write_mixed() in tests/reference/data_fixtures.py.

#include "engine/data/array_source.h"
#include "engine/formats/pickle/pickle_writer.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class ArraysTest : public SupplierTest {
 protected:
  ArraysTest() {
    for (const char* name : {"mixed.npz", "mixed.pkl"}) dir_.Write(name, ReadFixture(name));
  }

  absl::StatusOr<SourceMap> OpenColumns(const std::string& kind, const std::string& columns) {
    const std::string file = kind == "npz" ? "mixed.npz" : "mixed.pkl";
    return OpenView(absl::StrCat("{", kind, ": ", file, ", columns: ", columns, "}"), kind);
  }
};

TEST_F(ArraysTest, WhatIsNotSelectedIsNeitherReadNorCompared) {
  for (const char* kind : {"npz", "pickle"}) {
    // x_test has another length, and elements that cannot be read.
    const auto sources = OpenColumns(kind, "{x: x_train}");
    ASSERT_TRUE(sources.ok()) << sources.status();
    EXPECT_THAT(All(*sources->at("x")), ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_FALSE(Open(kind, Value(kind == std::string("npz") ? "mixed.npz" : "mixed.pkl")).ok());
  }
}

TEST_F(ArraysTest, AMissingArrayIsNamedWithOneThatIsThere) {
  for (const char* kind : {"npz", "pickle"}) {
    EXPECT_THAT(OpenColumns(kind, "{x: x_tran}"), FailsWith(kInvalid, "did you mean 'x_train'?"));
  }
}

TEST_F(ArraysTest, ObjectsOfUnequalLengthsAreRagged) {
  for (const char* kind : {"npz", "pickle"}) {
    const auto sources = OpenColumns(kind, "{a: ragged, b: rows}");
    ASSERT_TRUE(sources.ok()) << sources.status();
    const Source& numbers = *sources->at("a");
    EXPECT_THAT(numbers.shape(), ElementsAre(kUnknown));
    EXPECT_EQ(numbers.Length(0), 2);
    EXPECT_EQ(numbers.Length(1), 5);
    EXPECT_EQ(numbers.Length(2), 0);
    EXPECT_THAT(Gathered(numbers, {0, 2}), ElementsAre(0, 1, 0, 0));
    const Source& rows = *sources->at("b");
    EXPECT_THAT(rows.shape(), ElementsAre(kUnknown, 2));
    EXPECT_THAT(Gathered(rows, {1, 2}), ElementsAre(3, 4, 5, 6, 7, 8, 0, 0));
  }
}

TEST_F(ArraysTest, TextsAreClasses) {
  for (const char* kind : {"npz", "pickle"}) {
    const auto sources =
        OpenColumns(kind,
                    "{u: {from: unicode, one_hot: yes}, w: {from: words, one_hot: [dog, cat]},"
                    " b: {from: bytes, one_hot: yes, missing: a}}");
    ASSERT_TRUE(sources.ok()) << sources.status();
    EXPECT_THAT(sources->at("u")->symbols().names, ElementsAre("dög", "猫"));
    EXPECT_THAT(All(*sources->at("u")), ElementsAre(1, 0, 0, 1, 1, 0));
    EXPECT_THAT(All(*sources->at("w")), ElementsAre(1, 0, 0, 1, 1, 0));
    EXPECT_THAT(All(*sources->at("b")), ElementsAre(0, 1, 1, 0, 1, 0));
    EXPECT_THAT(OpenColumns(kind, "{b: {from: bytes, one_hot: yes}}"),
                FailsWith(kInvalid, "its sample 2 holds nothing"));
    EXPECT_THAT(OpenColumns(kind, "{w: words}"), FailsWith(kInvalid, "one_hot: yes"));
    EXPECT_THAT(OpenColumns(kind, "{w: {from: words, one_hot: [dog, cow]}}"),
                FailsWith(kInvalid, "its sample 1"));
  }
}

TEST_F(ArraysTest, AnArrayOfTextsIsASourceOfItsOwn) {
  const std::string header = "{'descr': '|S1', 'fortran_order': False, 'shape': (3,)}";
  std::string npy("\x93NUMPY\x01\x00", 8);
  npy += std::string({static_cast<char>(header.size()), '\0'}) + header + "bab";
  dir_.Write("labels.npy", npy);
  constexpr char kView[] = "{npy: labels.npy, columns: {y: {from: labels, one_hot: yes}}}";
  const auto sources = OpenView(kView, "npy");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(All(*sources->at("y")), ElementsAre(0, 1, 1, 0, 0, 1));
  for (const std::string& broken : {npy.substr(0, npy.size() - 1), npy + "a"}) {
    dir_.Write("labels.npy", broken);
    EXPECT_THAT(OpenView(kView, "npy"), FailsWith(kInvalid, "labels.npy"));
  }
}

TEST_F(ArraysTest, ATensorThatIsNotSelectedMayBeOfAnyType) {
  std::string header = R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                       R"("odd":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[2,5]},)"
                       R"("y":{"dtype":"U8","shape":[2],"data_offsets":[5,7]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size() & 0xff);
  file[1] = static_cast<char>(header.size() >> 8);
  file += header + "\x01\x02???\x03\x04";
  dir_.Write("t.safetensors", file);
  const auto sources = OpenView("{safetensors: t.safetensors, columns: [x, y]}", "safetensors");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(All(*sources->at("y")), ElementsAre(3, 4));
  EXPECT_THAT(Open("safetensors", Value("t.safetensors")), FailsWith(kInvalid, "F8_E4M3"));
}

TEST_F(ArraysTest, NoneIsAGap) {
  const PickleValue list =
      PickleValue::MakeList({PickleValue(1.0), PickleValue(), PickleValue(3.0)});
  dir_.Write("g.pkl", FormatPickle(PickleValue::MakeDict({{PickleValue("x"), list}})));
  EXPECT_THAT(OpenView("{pickle: g.pkl, columns: [x]}", "pickle"), FailsWith(kInvalid, "a None"));
  const auto sources = OpenView("{pickle: g.pkl, columns: {x: {missing: mean}}}", "pickle");
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(All(*sources->at("x")), ElementsAre(1, 2, 3));
}

TEST_F(ArraysTest, NumbersOfAnArrayAreKeptToTheLastDigit) {
  const auto array = Array::FromValues<int64_t>({2}, {1234567890123456789, -5});
  const auto source = ArraySource::Create(*array);
  ASSERT_TRUE(source.ok());
  EXPECT_EQ((*source)->TextOf(0), "1234567890123456789");
  EXPECT_EQ((*source)->TextOf(1), "-5");
}

}  // namespace
}  // namespace kur
