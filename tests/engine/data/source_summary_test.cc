#include "engine/data/source_summary.h"

#include <cmath>
#include <limits>
#include <utility>

#include "tests/engine/data/data_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

constexpr float kLost = -12345;

// A ragged source of samples in memory.
class ListedSource : public Source {
 public:
  ListedSource(Shape shape, std::vector<std::vector<float>> samples,
               std::vector<std::string> symbols = {})
      : shape_(std::move(shape)), samples_(std::move(samples)), symbols_{std::move(symbols)} {
    for (size_t i = 1; i < shape_.size(); ++i) row_ *= shape_[i];
  }

  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  const Shape& shape() const override { return shape_; }
  const SymbolTable& symbols() const override { return symbols_; }

  int64_t Length(int64_t index) const override {
    return static_cast<int64_t>(samples_[static_cast<size_t>(index)].size()) / row_;
  }

  // Samples whose first value is kLost cannot be read.
  std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const override {
    std::vector<bool> unreadable;
    for (int64_t i = 0; i < count; ++i) {
      const std::vector<float>& sample = samples_[static_cast<size_t>(indices[i])];
      unreadable.push_back(!sample.empty() && sample[0] == kLost);
    }
    return unreadable;
  }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    for (int64_t i = 0; i < count; ++i) {
      const std::vector<float>& sample = samples_[static_cast<size_t>(indices[i])];
      if (sample.empty()) return absl::DataLossError("an empty sample");
      std::fill(to, to + extent * row_, 0.0F);
      std::copy(sample.begin(), sample.end(), to);
      to += extent * row_;
    }
    return absl::OkStatus();
  }

 private:
  Shape shape_;
  std::vector<std::vector<float>> samples_;
  SymbolTable symbols_;
  int64_t row_ = 1;
};

SourceSummary Summary(const Source& source) {
  auto summary = Summarize(source, [](int64_t, const float*, int64_t) { return true; });
  EXPECT_TRUE(summary.ok()) << summary.status();
  return summary.ok() ? *std::move(summary) : SourceSummary();
}

auto IsClass(const std::string& name, int64_t count) {
  return testing::AllOf(Field(&SourceSummary::Class::name, name),
                        Field(&SourceSummary::Class::count, count));
}

TEST(SourceSummaryTest, WhatCannotBeReadIsCountedAndLeftOut) {
  const ListedSource source({2}, {{1, 2}, {kLost, 9}, {3, 4}, {kLost, 9}});
  std::vector<int64_t> visited;
  const auto summary = Summarize(source, [&](int64_t index, const float*, int64_t) {
    visited.push_back(index);
    return true;
  });
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->samples, 2);
  EXPECT_EQ(summary->unreadable, 2);
  EXPECT_EQ(summary->maximum, 4);
  EXPECT_THAT(visited, ElementsAre(0, 2));
}

TEST(SourceSummaryTest, HasTheMomentsOfTheValues) {
  // numpy.mean and numpy.std of these numbers; a naive sum of squares in float loses them all.
  const ListedSource source({2}, {{10001, 10002}, {10004, 10005}, {10003, 10009}});
  const SourceSummary summary = Summary(source);
  EXPECT_EQ(summary.samples, 3);
  EXPECT_EQ(summary.minimum, 10001);
  EXPECT_EQ(summary.maximum, 10009);
  EXPECT_DOUBLE_EQ(summary.mean, 10004);
  EXPECT_NEAR(summary.deviation, 2.581988897471611, 1e-9);
  EXPECT_EQ(summary.values, SourceSummary::Values::kInteger);
  EXPECT_THAT(summary.constant_elements, IsEmpty());
  EXPECT_FALSE(summary.is_constant());
}

TEST(SourceSummaryTest, CountsWhatIsNoNumberAndLeavesItOut) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const SourceSummary summary =
      Summary(ListedSource({2}, {{1, 2}, {nan, 4}, {-infinity, nan}, {1, 2.5}}));
  EXPECT_EQ(summary.not_a_number, 2);
  EXPECT_EQ(summary.infinite, 1);
  EXPECT_EQ(summary.first_not_finite, 1);
  EXPECT_EQ(summary.minimum, 1);
  EXPECT_EQ(summary.maximum, 4);
  EXPECT_DOUBLE_EQ(summary.mean, 10.5 / 5);
  EXPECT_EQ(summary.values, SourceSummary::Values::kReal);
}

TEST(SourceSummaryTest, FindsElementsThatNeverVary) {
  const SourceSummary summary = Summary(ListedSource({3}, {{1, 5, 0.5F}, {2, 5, 0.5F}}));
  EXPECT_THAT(summary.constant_elements, ElementsAre(1, 2));
  EXPECT_TRUE(Summary(ListedSource({2}, {{7, 7}, {7, 7}})).is_constant());
}

TEST(SourceSummaryTest, CountsClassesOfOneHotRowsByName) {
  const SourceSummary summary =
      Summary(ListedSource({3}, {{0, 1, 0}, {1, 0, 0}, {0, 1, 0}}, {"cat", "dog", "fox"}));
  EXPECT_EQ(summary.values, SourceSummary::Values::kOneHot);
  EXPECT_THAT(summary.classes,
              ElementsAre(IsClass("cat", 1), IsClass("dog", 2), IsClass("fox", 0)));
  EXPECT_NE(Summary(ListedSource({3}, {{0, 1, 0}, {1, 1, 0}})).values,
            SourceSummary::Values::kOneHot);
}

TEST(SourceSummaryTest, CountsSingleIntegersByValue) {
  const SourceSummary summary = Summary(ListedSource({1}, {{4}, {-1}, {4}}));
  EXPECT_THAT(summary.classes, ElementsAre(IsClass("-1", 1), IsClass("4", 2)));
  std::vector<std::vector<float>> many;
  for (int i = 0; i <= static_cast<int>(SourceSummary::kMaxClasses); ++i) {
    many.push_back({static_cast<float>(i)});
  }
  EXPECT_THAT(Summary(ListedSource({1}, many)).classes, IsEmpty());
}

TEST(SourceSummaryTest, LooksAtRaggedSamplesWithoutTheirPadding) {
  const SourceSummary summary =
      Summary(ListedSource({kUnknown}, {{1, 2, 2}, {2}, {1, 1}}, {"-", "a", "b"}));
  EXPECT_EQ(summary.shortest, 1);
  EXPECT_EQ(summary.longest, 3);
  EXPECT_DOUBLE_EQ(summary.mean_length, 2);
  EXPECT_EQ(summary.minimum, 1);  // padding would be 0
  EXPECT_THAT(summary.classes, ElementsAre(IsClass("a", 3), IsClass("b", 3)));
  EXPECT_THAT(summary.constant_elements, IsEmpty());
}

TEST(SourceSummaryTest, ShowsEverySampleAndStopsWhenAsked) {
  const ListedSource source({1}, {{5}, {6}, {7}});
  std::vector<float> seen;
  const auto ended = Summarize(source, [&](int64_t index, const float* values, int64_t count) {
    EXPECT_EQ(count, 1);
    seen.push_back(values[0]);
    return index < 1;
  });
  EXPECT_EQ(ended.status().code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(seen, ElementsAre(5, 6));
}

TEST(SourceSummaryTest, GivesTheErrorOfTheSource) {
  const ListedSource source({kUnknown}, {{5}, {}});
  const auto summary = Summarize(source, [](int64_t, const float*, int64_t) { return true; });
  EXPECT_EQ(summary.status().code(), absl::StatusCode::kDataLoss);
}

SamplePreview Preview(const Source& source, int64_t index) {
  auto preview = PreviewSample(source, Summary(source), index);
  EXPECT_TRUE(preview.ok()) << preview.status();
  return preview.ok() ? *std::move(preview) : SamplePreview();
}

TEST(SamplePreviewTest, SpellsSymbols) {
  EXPECT_EQ(Preview(ListedSource({kUnknown}, {{2, 0, 1}, {1}}, {"a", "b", "\xc3\xa9"}), 0).text,
            "\xc3\xa9"
            "ab");
  EXPECT_EQ(Preview(ListedSource({kUnknown}, {{1, 0}}, {"two", "words"}), 0).text, "words two");
  EXPECT_EQ(Preview(ListedSource({3}, {{0, 0, 1}, {1, 0, 0}}, {"cat", "dog", "fox"}), 0).text,
            "fox");
  EXPECT_EQ(Preview(ListedSource({3}, {{0, 0, 1}, {1, 0, 0}}), 0).text, "2");
  EXPECT_EQ(Preview(ListedSource({2}, {{0.5F, 2}}), 0).text, "");
}

TEST(SamplePreviewTest, DrawsPicturesFromDarkToLight) {
  const SamplePreview preview = Preview(ListedSource({2, 2, 1}, {{-1, 0, 1, 0}}), 0);
  EXPECT_THAT(preview.shape, ElementsAre(2, 2, 1));
  EXPECT_EQ(preview.picture.height, 2);
  EXPECT_EQ(preview.picture.width, 2);
  EXPECT_EQ(preview.picture.pixels, std::string("\x00\x80\xff\x80", 4));
}

TEST(SamplePreviewTest, DrawsLargePicturesSmaller) {
  std::vector<float> values(static_cast<size_t>(64 * 48 * 3), 0);
  for (int row = 0; row < 2; ++row) {
    for (int channel = 0; channel < 3; ++channel) {
      values[static_cast<size_t>(row * 48 * 3 + channel)] = 4;  // half of the first block
    }
  }
  const Picture picture = Preview(ListedSource({64, 48, 3}, {values}), 0).picture;
  EXPECT_EQ(picture.height, 32);
  EXPECT_EQ(picture.width, 32);
  EXPECT_EQ(picture.channels, 3);
  EXPECT_EQ(picture.pixels.size(), 32U * 32 * 3);
  EXPECT_EQ(static_cast<uint8_t>(picture.pixels[0]), 255);  // 48 / 32: the first block is one wide
  EXPECT_EQ(picture.pixels[3], '\0');
}

// Time goes to the right, and the first feature is at the bottom.
TEST(SamplePreviewTest, DrawsFeaturesOverTime) {
  std::vector<float> values(static_cast<size_t>(10 * 8), 0);
  values[8 * 9 + 0] = 1;  // the last step, the first feature
  const Picture picture = Preview(ListedSource({kUnknown, 8}, {values}), 0).picture;
  EXPECT_EQ(picture.height, 8);
  EXPECT_EQ(picture.width, 10);
  EXPECT_EQ(static_cast<uint8_t>(picture.pixels[7 * 10 + 9]), 255);
  EXPECT_EQ(std::count(picture.pixels.begin(), picture.pixels.end(), '\0'), 79);
}

TEST(SamplePreviewTest, HasTheFirstValuesOnly) {
  const SamplePreview preview = Preview(ListedSource({100}, {std::vector<float>(100, 0.5F)}), 0);
  EXPECT_EQ(preview.values.size(), static_cast<size_t>(SamplePreview::kMaxValues));
  EXPECT_EQ(preview.picture.height, 0);
}

}  // namespace
}  // namespace kur
