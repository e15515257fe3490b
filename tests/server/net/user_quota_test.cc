#include "server/net/user_quota.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace kur::server {
namespace {

// Takes pieces of one for a user until no more are to be had; returns how many.
int TakeAll(UserQuota& quota, const std::string& user, std::vector<UserQuota::Share>* taken) {
  int count = 0;
  while (UserQuota::Share share = quota.TryTake(user, 1)) {
    taken->push_back(std::move(share));
    ++count;
  }
  return count;
}

TEST(UserQuotaTest, AUserHasNoMoreThanHisLimitUntilHeGivesSomethingBack) {
  UserQuota quota({/*total=*/1000, /*per_user=*/10});
  UserQuota::Share seven = quota.TryTake("ann", 7);
  ASSERT_NE(seven, nullptr);
  EXPECT_EQ(quota.TryTake("ann", 4), nullptr);
  const UserQuota::Share three = quota.TryTake("ann", 3);
  EXPECT_NE(three, nullptr);
  EXPECT_EQ(quota.TryTake("ann", 1), nullptr);
  const UserQuota::Share copy = seven;
  seven.reset();
  EXPECT_EQ(quota.TryTake("ann", 1), nullptr) << "a copy holds it";
}

TEST(UserQuotaTest, WhatIsGivenBackCanBeTakenAgain) {
  UserQuota quota({/*total=*/20, /*per_user=*/10});
  for (int i = 0; i < 100; ++i) EXPECT_NE(quota.TryTake("ann", 10), nullptr);
}

TEST(UserQuotaTest, HoweverManyAreGreedyANewcomerFindsSome) {
  UserQuota quota({/*total=*/1000, /*per_user=*/1000});
  std::vector<UserQuota::Share> taken;
  EXPECT_EQ(TakeAll(quota, "ann", &taken), 500) << "half, for one alone";
  EXPECT_EQ(TakeAll(quota, "bob", &taken), 250);
  for (int i = 0; i < 5; ++i) {
    EXPECT_GT(TakeAll(quota, "user" + std::to_string(i), &taken), 0) << i;
  }
  taken.clear();
  EXPECT_EQ(TakeAll(quota, "bob", &taken), 500);
}

}  // namespace
}  // namespace kur::server
