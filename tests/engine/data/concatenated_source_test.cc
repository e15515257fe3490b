// Suppliers of one set whose sources have the same names: their samples follow each other.

#include "engine/data/concatenated_source.h"

#include "engine/data/array_source.h"
#include "engine/data/columns/float_column.h"
#include "engine/formats/pickle/pickle_writer.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class ConcatenatedSourceTest : public SupplierTest {
 protected:
  // A supplier of arrays of floats, by the names of their sources.
  std::shared_ptr<const SupplierSpec> Pickle(
      int number, const std::map<std::string, std::pair<Shape, std::vector<float>>>& columns) {
    PickleValue::Dict dict;
    for (const auto& [name, column] : columns) {
      dict.emplace_back(PickleValue(name),
                        PickleValue(*Array::FromValues<float>(column.first, column.second)));
    }
    const std::string file = absl::StrCat(number, ".pkl");
    dir_.Write(file, FormatPickle(PickleValue::MakeDict(std::move(dict))));
    return Parse("pickle", Value(file), number);
  }
};

TEST_F(ConcatenatedSourceTest, SamplesFollowEachOtherInTheOrderOfTheList) {
  const auto first = Pickle(0, {{"x", {{2, 2}, {1, 2, 3, 4}}}, {"y", {{2}, {5, 6}}}});
  const auto second = Pickle(1, {{"x", {{1, 2}, {7, 8}}}, {"y", {{1}, {9}}}});
  const auto beside = Pickle(2, {{"z", {{6}, {1, 2, 3, 4, 5, 6}}}});
  const auto third =
      Pickle(3, {{"x", {{3, 2}, {10, 11, 12, 13, 14, 15}}}, {"y", {{3}, {1, 2, 3}}}});
  const auto sources = OpenSuppliers({first, second, beside, third}, Paths());
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->size(), 3U);
  EXPECT_EQ(sources->at("x")->size(), 6);
  EXPECT_THAT(sources->at("x")->shape(), ElementsAre(2));
  EXPECT_THAT(Gathered(*sources->at("x"), {2, 0, 5, 3}), ElementsAre(7, 8, 1, 2, 14, 15, 10, 11));
  EXPECT_THAT(Gathered(*sources->at("y"), {0, 1, 2, 3, 4, 5}), ElementsAre(5, 6, 9, 1, 2, 3));
}

TEST_F(ConcatenatedSourceTest, RaggedSamplesAndOthersFollowEachOther) {
  FloatColumn ragged;
  for (const float value : {1, 2, 3, 4, 5, 6}) ragged.Push(value);
  ragged.EndSample(1);
  ragged.EndSample(2);
  const auto fixed = *ArraySource::Create(*Array::FromValues<float>({1, 3, 2}, {7, 8, 9, 1, 2, 3}));
  const auto shape = CommonShape({kUnknown, 2}, {3, 2});
  ASSERT_TRUE(shape.has_value());
  const ConcatenatedSource joined({*std::move(ragged).Build({2}), fixed}, *shape);
  EXPECT_THAT(joined.shape(), ElementsAre(kUnknown, 2));
  EXPECT_THAT(Gathered(joined, {1, 0}), ElementsAre(3, 4, 5, 6, 1, 2, 0, 0));
  EXPECT_THAT(Gathered(joined, {2, 0}), ElementsAre(7, 8, 9, 1, 2, 3, 1, 2, 0, 0, 0, 0));
  const std::vector<int64_t> samples = {2};
  std::vector<float> longer(8, -1);
  ASSERT_TRUE(joined.Gather(samples.data(), 1, 4, longer.data()).ok());
  EXPECT_THAT(longer, ElementsAre(7, 8, 9, 1, 2, 3, 0, 0));
}

TEST_F(ConcatenatedSourceTest, ShapesMustAgree) {
  const auto wide = Pickle(0, {{"x", {{2, 2}, {1, 2, 3, 4}}}});
  const auto narrow = Pickle(1, {{"x", {{1, 3}, {1, 2, 3}}}});
  const auto deep = Pickle(2, {{"x", {{1, 2, 1}, {1, 2}}}});
  EXPECT_THAT(OpenSuppliers({wide, narrow}, Paths()),
              FailsWith(kInvalid,
                        "train.data[1].pickle: the source 'x' has samples of the shape (3,), which "
                        "cannot follow those of train.data[0].pickle of the shape (2,)"));
  EXPECT_THAT(OpenSuppliers({wide, deep}, Paths()), FailsWith(kInvalid, "the shape (2, 1)"));
}

TEST_F(ConcatenatedSourceTest, NamesMustAgree) {
  const auto both = Pickle(0, {{"x", {{1}, {1}}}, {"y", {{1}, {1}}}});
  const auto one = Pickle(1, {{"x", {{1}, {1}}}});
  EXPECT_THAT(
      OpenSuppliers({both, one}, Paths()),
      FailsWith(kInvalid,
                "train.data[1].pickle: its samples follow those of train.data[0].pickle, "
                "which has sources of the same name, but only that one has the source 'y'"));
  EXPECT_THAT(OpenSuppliers({one, both}, Paths()),
              FailsWith(kInvalid, "but only this one has the source 'y'"));
}

TEST_F(ConcatenatedSourceTest, GroupsOfSeveralLengthsAreRefused) {
  const auto x = Pickle(0, {{"x", {{1}, {1}}}});
  const auto y = Pickle(1, {{"y", {{1}, {1}}}});
  EXPECT_THAT(OpenSuppliers({x, y, x}, Paths()),
              FailsWith(kInvalid,
                        "train.data[1].pickle: the source 'y' has 1 samples, but the source 'x' of "
                        "train.data[0].pickle has 2"));
}

}  // namespace
}  // namespace kur
