// The supplier synthetic.

#include <cmath>

#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SyntheticTest : public SupplierTest {
 protected:
  // Opens a supplier of 1000 samples of one source, x.
  static Value OfOne(Value source, int seed = 0) {
    return MakeDict({{"samples", Value(1000)},
                     {"sources", MakeDict({{"x", std::move(source)}})},
                     {"seed", Value(seed)}});
  }

  // Returns all values of 1000 samples.
  std::vector<float> All(Value source, int seed = 0) {
    const auto sources = Open("synthetic", OfOne(std::move(source), seed));
    EXPECT_TRUE(sources.ok()) << sources.status();
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < 1000; ++i) indices.push_back(i);
    return Gathered(*sources->at("x"), indices);
  }

  static Value ShapeOf(std::vector<int> extents) {
    Value::List list;
    for (const int extent : extents) list.emplace_back(extent);
    return Value(std::move(list));
  }
};

// Returns the mean of a power of the values.
double Moment(const std::vector<float>& values, int power) {
  double sum = 0;
  for (const float value : values) sum += std::pow(static_cast<double>(value), power);
  return sum / static_cast<double>(values.size());
}

TEST_F(SyntheticTest, NormalNumbersHaveMeanZeroAndDeviationOne) {
  const auto values = All(MakeDict({{"shape", ShapeOf({3, 5})}, {"type", Value("normal")}}));
  EXPECT_EQ(values.size(), 15'000U);
  EXPECT_NEAR(Moment(values, 1), 0, 0.03);
  EXPECT_NEAR(Moment(values, 2), 1, 0.05);
  EXPECT_NEAR(Moment(values, 4), 3, 0.4);
}

TEST_F(SyntheticTest, UniformNumbersAreFromZeroToOne) {
  const auto values = All(MakeDict({{"shape", ShapeOf({10})}, {"type", Value("uniform")}}));
  EXPECT_THAT(values, testing::Each(testing::AllOf(testing::Ge(0), testing::Lt(1))));
  EXPECT_NEAR(Moment(values, 1), 0.5, 0.02);
  EXPECT_NEAR(Moment(values, 2), 1 / 3.0, 0.02);
}

TEST_F(SyntheticTest, IntegersAndClassesAreAllThere) {
  std::vector<int> counts(4);
  for (const float value : All(MakeDict({{"type", Value("integers")}, {"classes", Value(4)}}))) {
    ASSERT_EQ(value, std::floor(value));
    ++counts.at(static_cast<size_t>(value));
  }
  EXPECT_THAT(counts, testing::Each(testing::Gt(200)));
  const auto hot =
      All(MakeDict({{"type", Value("classes")}, {"shape", ShapeOf({2})}, {"classes", Value(5)}}));
  ASSERT_EQ(hot.size(), 10'000U);
  for (size_t i = 0; i < hot.size(); i += 5) {
    const std::vector<float> vector(hot.begin() + static_cast<int64_t>(i),
                                    hot.begin() + static_cast<int64_t>(i) + 5);
    ASSERT_EQ(Moment(vector, 1), 0.2);
    ASSERT_EQ(Moment(vector, 2), 0.2);
  }
}

TEST_F(SyntheticTest, ASampleIsAFunctionOfSeedNameAndIndex) {
  const Value normal = MakeDict({{"shape", ShapeOf({4})}});
  EXPECT_EQ(All(normal), All(normal));
  EXPECT_NE(All(normal), All(normal, 1));
  const auto sources = Open(
      "synthetic",
      MakeDict({{"samples", Value(3)}, {"sources", MakeDict({{"a", normal}, {"b", normal}})}}));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->at("a")->size(), 3);
  EXPECT_NE(Sample(*sources, "a", 1), Sample(*sources, "b", 1));
  EXPECT_NE(Sample(*sources, "a", 1), Sample(*sources, "a", 2));
  const auto both = Gathered(*sources->at("a"), {2, 1});
  EXPECT_EQ(std::vector<float>(both.begin() + 4, both.end()), Sample(*sources, "a", 1));
}

TEST_F(SyntheticTest, ShapesAreKnown) {
  const auto spec =
      Parse("synthetic", OfOne(MakeDict({{"type", Value("classes")}, {"classes", Value(10)}})));
  ASSERT_NE(spec, nullptr) << errors_;
  EXPECT_THAT(spec->KnownShapes().at("x"), ElementsAre(10));
  EXPECT_TRUE(spec->Files().empty());
  const auto scalar = Parse("synthetic", OfOne(MakeDict({})));
  ASSERT_NE(scalar, nullptr) << errors_;
  EXPECT_THAT(scalar->KnownShapes().at("x"), ElementsAre(1));
}

TEST_F(SyntheticTest, SpecsRefuseWhatCannotBe) {
  EXPECT_EQ(Parse("synthetic", OfOne(MakeDict({{"type", Value("classes")}}))), nullptr);
  EXPECT_THAT(errors_, HasSubstr("the type classes needs 'classes'"));
  EXPECT_EQ(Parse("synthetic", OfOne(MakeDict({{"classes", Value(3)}}))), nullptr);
  EXPECT_THAT(errors_, HasSubstr("the type normal takes no 'classes'"));
  EXPECT_EQ(Parse("synthetic", OfOne(MakeDict({{"shape", ShapeOf({2, 0})}}))), nullptr);
  EXPECT_THAT(errors_, HasSubstr("must be at least 1"));
  EXPECT_EQ(Parse("synthetic", OfOne(MakeDict({{"shape", ShapeOf({1 << 20, 1 << 20})}}))), nullptr);
  EXPECT_THAT(errors_, HasSubstr("more than 2^32 elements"));
  EXPECT_EQ(Parse("synthetic", MakeDict({{"samples", Value(1)}, {"sources", MakeDict({})}})),
            nullptr);
  EXPECT_THAT(errors_, HasSubstr("at least one source"));
}

}  // namespace
}  // namespace kur
