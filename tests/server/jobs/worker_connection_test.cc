#include "server/jobs/worker_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "tests/server/testing/status_matchers.h"

namespace kur::server {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kLast = std::numeric_limits<int64_t>::max();

std::vector<v1::Event> Numbered(const std::vector<int64_t>& sequences) {
  std::vector<v1::Event> events(sequences.size());
  for (size_t i = 0; i < sequences.size(); ++i) events[i].set_worker_sequence(sequences[i]);
  return events;
}

TEST(KeepNewEventsTest, LeavesOutWhatIsKnown) {
  std::vector<v1::Event> events = Numbered({3, 4, 5, 6});
  ASSERT_THAT(KeepNewEvents(4, /*may_lack_events=*/false, events), IsOk());
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].worker_sequence(), 5);
  ASSERT_THAT(KeepNewEvents(6, /*may_lack_events=*/false, events), IsOk());
  EXPECT_THAT(events, IsEmpty());
}

TEST(KeepNewEventsTest, OnlyLostEventsMakeAGap) {
  std::vector<v1::Event> events = Numbered({7, 8});
  EXPECT_THAT(KeepNewEvents(4, /*may_lack_events=*/false, events),
              FailsWith(absl::StatusCode::kOutOfRange, "after the worker's 4, got 7"));
  EXPECT_THAT(KeepNewEvents(4, /*may_lack_events=*/true, events), IsOk());
  events = Numbered({7, 9});
  EXPECT_THAT(KeepNewEvents(4, /*may_lack_events=*/true, events),
              FailsWith(absl::StatusCode::kOutOfRange, "after the worker's 7, got 9"));
}

TEST(KeepNewEventsTest, NumbersDoNotOverflow) {
  std::vector<v1::Event> events = Numbered({kLast, kLast});
  EXPECT_THAT(KeepNewEvents(4, /*may_lack_events=*/true, events),
              FailsWith(absl::StatusCode::kOutOfRange, ""));
}

TEST(CheckWorkerEventsTest, EveryEventHasANumber) {
  for (const int64_t sequence : {int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::min()}) {
    EXPECT_THAT(CheckWorkerEvents(Numbered({1, sequence})),
                FailsWith(absl::StatusCode::kInvalidArgument, "worker_sequence"));
  }
}

}  // namespace
}  // namespace kur::server
