#include "engine/base/random.h"

#include <algorithm>
#include <map>

#include "tests/engine/data/data_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(PermutationTest, HoldsEveryNumberOnce) {
  std::vector<int64_t> order = Permutation(1000, 1, 2);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (int64_t i = 0; i < 1000; ++i) ASSERT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(PermutationTest, IsAFunctionOfItsArguments) {
  EXPECT_EQ(Permutation(100, 5, 7), Permutation(100, 5, 7));
  EXPECT_NE(Permutation(100, 5, 7), Permutation(100, 5, 8));
  EXPECT_NE(Permutation(100, 5, 7), Permutation(100, 6, 7));
  EXPECT_NE(Permutation(100, 5, 7), Permutation(100, 7, 5));
}

// A run that an earlier version began resumes in the same order.
TEST(PermutationTest, NeverChangesBetweenVersions) {
  EXPECT_THAT(Permutation(8, 0, 0), ElementsAre(3, 1, 0, 6, 7, 5, 4, 2));
  EXPECT_THAT(Permutation(8, 42, 3), ElementsAre(1, 6, 7, 3, 5, 4, 2, 0));
}

TEST(PermutationTest, SmallSizes) {
  EXPECT_THAT(Permutation(0, 1, 1), IsEmpty());
  EXPECT_THAT(Permutation(1, 1, 1), ElementsAre(0));
}

// 4! = 24 orders over 24,000 streams: each is expected 1,000 times, with a deviation of 31.
TEST(PermutationTest, AllOrdersAreEquallyLikely) {
  std::map<std::vector<int64_t>, int> seen;
  for (uint64_t stream = 0; stream < 24'000; ++stream) ++seen[Permutation(4, 9, stream)];
  EXPECT_EQ(seen.size(), 24u);
  for (const auto& entry : seen) {
    EXPECT_GT(entry.second, 850);
    EXPECT_LT(entry.second, 1150);
  }
}

}  // namespace
}  // namespace kur
