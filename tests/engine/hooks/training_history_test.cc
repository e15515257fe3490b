#include "engine/hooks/training_history.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

TEST(TrainingHistoryTest, AShortTrainingIsKeptAsItWas) {
  TrainingHistory history;
  history.AddBatch({1, 0.5, 3});
  history.AddBatch({2, 1.5, 2});
  history.AddValidation("", {2, 1.6, 2.5});
  const auto points = history.Batches();
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[1].batch, 2);
  EXPECT_EQ(points[1].seconds, 1.5);
  EXPECT_EQ(points[1].loss, 2);
  EXPECT_EQ(history.validations().at("")[0].loss, 2.5);
}

TEST(TrainingHistoryTest, ALongOneIsKeptMoreCoarselyWithItsMeanAndItsEnd) {
  TrainingHistory history;
  constexpr int kBatches = 100001;
  for (int i = 1; i <= kBatches; ++i) {
    history.AddBatch({static_cast<double>(i), i / 2.0, i % 2 == 0 ? 1.0 : 3.0});
    history.AddValidation("a", {static_cast<double>(i), i / 2.0, 1});
  }
  const auto points = history.Batches();
  EXPECT_GE(points.size(), 1000U);
  EXPECT_LE(points.size(), 2001U);
  for (size_t i = 0; i + 1 < points.size(); ++i) {
    EXPECT_NEAR(points[i].loss, 2, 1e-12);
    EXPECT_LT(points[i].batch, points[i + 1].batch);
  }
  EXPECT_EQ(points.back().batch, kBatches);
  const auto& validations = history.validations().at("a");
  EXPECT_LE(validations.size(), 2000U);
  EXPECT_EQ(validations.back().batch, kBatches);
}

}  // namespace
}  // namespace kur
