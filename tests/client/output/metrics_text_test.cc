// Metrics as a person reads them.

#include "client/output/metrics_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(MetricsTextTest, ANameAndANumber) {
  EXPECT_THAT(MetricsText({}), IsEmpty());
  EXPECT_THAT(MetricsText({{"size.r2", 0.5}, {"kind.accuracy", 0.25}}),
              ElementsAre("kind.accuracy 0.2500", "size.r2 0.5000"));
}

TEST(MetricsTextTest, OfAConfusionTheMostFrequentMistakes) {
  EXPECT_THAT(
      MetricsText({{"accuracy", 0.5},
                   {"confusion[03][03]", 900},
                   {"confusion[03][05]", 17},
                   {"confusion[04][09]", 2000},
                   {"confusion[00][01]", 1},
                   {"confusion[00][02]", 1},
                   {"confusion[00][03]", 1},
                   {"confusion[10][11]", 1}}),
      ElementsAre("accuracy 0.5000",
                  "mistaken: 4 for 9 (2,000), 3 for 5 (17), 0 for 1 (1), 0 for 2 (1), 0 for "
                  "3 (1) and 1 more"));
  EXPECT_THAT(MetricsText({{"kind.confusion[0][0]", 3}}), ElementsAre("mistaken: none"));
  EXPECT_THAT(MetricsText({{"kind.confusion[0][1]", 3}}),
              ElementsAre("mistaken: kind.0 for 1 (3)"));
}

TEST(MetricsTextTest, ANameThatOnlyLooksLikeAConfusionIsShownAsItIs) {
  EXPECT_THAT(MetricsText({{"confusion[a][1]", 3}, {"confusion[1]", 2}}),
              ElementsAre("confusion[1] 2.000", "confusion[a][1] 3.000"));
}

}  // namespace
}  // namespace kur::client
