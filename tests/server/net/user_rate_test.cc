#include "server/net/user_rate.h"

#include <gtest/gtest.h>

namespace kur::server {
namespace {

class UserRateTest : public ::testing::Test {
 protected:
  absl::Duration now_ = absl::Hours(1);
  UserRate rate_{1000, [this] { return now_; }};
};

TEST_F(UserRateTest, ASecondsWorthComesAtOnceAndWhatFollowsAtTheRate) {
  EXPECT_EQ(rate_.Add("ann", 1000), absl::ZeroDuration());
  EXPECT_EQ(rate_.Add("ann", 500), absl::Milliseconds(500));
  now_ += absl::Milliseconds(500);
  EXPECT_EQ(rate_.Add("ann", 250), absl::Milliseconds(250));
}

TEST_F(UserRateTest, AllCallsOfAUserShareOneRateAndNobodyElseWaits) {
  for (int call = 1; call <= 16; ++call) {
    EXPECT_EQ(rate_.Add("ann", 1000), absl::Seconds(call - 1));
  }
  EXPECT_EQ(rate_.Add("bob", 1000), absl::ZeroDuration());
}

TEST_F(UserRateTest, AnHourOfSilenceEarnsNoMoreThanASecond) {
  rate_.Add("ann", 1);
  now_ += absl::Hours(1);
  EXPECT_EQ(rate_.Add("ann", 3000), absl::Seconds(2));
}

TEST(UnboundedUserRateTest, NobodyWaits) {
  UserRate rate(0);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rate.Add("ann", int64_t{1} << 40), absl::ZeroDuration());
}

}  // namespace
}  // namespace kur::server
