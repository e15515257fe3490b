#include "engine/data/length_buckets.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

std::vector<float> Squares(int size) {
  std::vector<float> keys;
  for (int i = 0; i < size; ++i)
    keys.push_back(static_cast<float>((i * 37 % size) * (i * 37 % size)));
  return keys;
}

LengthBucketOptions Options(int64_t batch_size, double radius) {
  LengthBucketOptions options;
  options.batch_size = batch_size;
  options.radius = radius;
  return options;
}

// The difference between the greatest and the least key of each batch.
std::vector<float> Spreads(const std::vector<float>& keys, const std::vector<int64_t>& order,
                           int64_t batch_size) {
  std::vector<float> spreads;
  for (size_t begin = 0; begin < order.size(); begin += static_cast<size_t>(batch_size)) {
    std::vector<float> batch;
    for (size_t i = begin; i < std::min(begin + static_cast<size_t>(batch_size), order.size());
         ++i) {
      batch.push_back(keys[static_cast<size_t>(order[i])]);
    }
    const auto [least, greatest] = std::minmax_element(batch.begin(), batch.end());
    spreads.push_back(*greatest - *least);
  }
  return spreads;
}

TEST(LengthBucketsTest, HasEverySampleOnce) {
  for (const int size : {1, 2, 7, 8, 9, 100, 1000}) {
    const auto order = LengthBucketOrder(Squares(size), Options(8, 3), 1, 2);
    EXPECT_EQ(std::set<int64_t>(order.begin(), order.end()).size(), static_cast<size_t>(size));
    EXPECT_EQ(order.size(), static_cast<size_t>(size));
  }
  EXPECT_TRUE(LengthBucketOrder({}, Options(8, 3), 1, 2).empty());
}

TEST(LengthBucketsTest, KeysOfABatchAreWithinTheRadius) {
  std::vector<float> keys;
  for (int i = 0; i < 10'000; ++i) keys.push_back(static_cast<float>(i * 7919 % 10'000));
  const auto order = LengthBucketOrder(keys, Options(10, 200), 3, 0);
  // Only the last batches find too few.
  std::vector<float> spreads = Spreads(keys, order, 10);
  std::sort(spreads.begin(), spreads.end());
  EXPECT_LE(spreads[990], 200);
  EXPECT_GT(spreads[500], 50);
}

TEST(LengthBucketsTest, ARadiusThatHoldsTooFewGrows) {
  const std::vector<float> keys = {0, 100, 201, 303, 406, 510, 615, 721};
  const auto order = LengthBucketOrder(keys, Options(4, 1e-6), 3, 0);
  // Growing by steps takes at most two more than are needed.
  for (const float spread : Spreads(keys, order, 4)) EXPECT_LE(spread, 1.4F * 318);
  const auto least = std::find(order.begin(), order.end(), 0) - order.begin();
  const auto greatest = std::find(order.begin(), order.end(), 7) - order.begin();
  EXPECT_TRUE(least % 4 == 0 || greatest % 4 == 0);
}

TEST(LengthBucketsTest, IsAFunctionOfSeedAndStream) {
  const auto keys = Squares(64);
  const auto order = LengthBucketOrder(keys, Options(8, 100), 1, 2);
  EXPECT_EQ(order, LengthBucketOrder(keys, Options(8, 100), 1, 2));
  EXPECT_NE(order, LengthBucketOrder(keys, Options(8, 100), 2, 2));
  EXPECT_NE(order, LengthBucketOrder(keys, Options(8, 100), 1, 3));
}

TEST(LengthBucketsTest, BatchesComeInRandomOrder) {
  std::vector<float> keys;
  for (int i = 0; i < 43; ++i) keys.push_back(static_cast<float>(i));
  std::set<int64_t> first;
  for (uint64_t stream = 0; stream < 200; ++stream) {
    const auto order = LengthBucketOrder(keys, Options(4, 1), 1, stream);
    for (const float spread : Spreads(keys, {order.begin(), order.begin() + 20}, 4)) {
      ASSERT_LT(spread, 20);
    }
    first.insert(order[0] / 4);
    ASSERT_EQ(order.size(), 43U);
  }
  EXPECT_GE(first.size(), 9U);
}

TEST(LengthBucketsTest, EqualAndInfiniteKeysHaveAnOrder) {
  EXPECT_EQ(LengthBucketOrder({5, 5, 5, 5, 5}, {2, std::nullopt, 0.4}, 1, 1).size(), 5U);
  EXPECT_EQ(LengthBucketOrder({INFINITY, 1, -INFINITY, 2}, {3, std::nullopt, 0.4}, 1, 1).size(),
            4U);
  EXPECT_EQ(LengthBucketOrder({0, 1e-38F, 1e38F, 2}, {2, 1e-300, 1e-12}, 1, 1).size(), 4U);
}

}  // namespace
}  // namespace kur
