#include "server/devices/card_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "absl/time/clock.h"

namespace kur::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kGib = int64_t{1} << 30;
constexpr absl::Duration kReleaseTime = absl::Seconds(10);
constexpr absl::Duration kPatience = absl::Milliseconds(200);

std::string Why(int64_t used, std::vector<int64_t> processes,
                std::optional<absl::Duration> since_release = std::nullopt) {
  DeviceUsage usage;
  usage.memory_used_bytes = used;
  usage.processes = std::move(processes);
  return Judge(usage, 80 * kGib, since_release, kReleaseTime).text;
}

TEST(JudgeTest, WhatADesktopNeedsIsNothing) {
  EXPECT_EQ(Why(0, {}), "");
  EXPECT_EQ(Why(kGib / 2, {7}), "");
  EXPECT_EQ(Why(2 * kGib, {}), "");
  EXPECT_NE(Why(3 * kGib, {7}), "");
  // A card with little memory.
  DeviceUsage usage;
  usage.memory_used_bytes = kGib / 2;
  EXPECT_EQ(Judge(usage, 4 * kGib, std::nullopt, kReleaseTime).text, "");
}

TEST(JudgeTest, OtherProgramsAreNamed) {
  EXPECT_EQ(Why(30 * kGib, {4711}), "programs outside of kurd use 30.0 GiB of it (process 4711)");
  EXPECT_EQ(Why(30 * kGib, {1, 2, 3, 4, 5}),
            "programs outside of kurd use 30.0 GiB of it (processes 1, 2, 3, 4 and more)");
  // From within a container none are seen.
  EXPECT_EQ(Why(30 * kGib, {}), "programs outside of kurd use 30.0 GiB of it");
}

TEST(JudgeTest, TheMemoryOfTheLastJobIsWaitedForTenSeconds) {
  EXPECT_THAT(Why(30 * kGib, {12}, absl::Seconds(1)), HasSubstr("still frees"));
  EXPECT_THAT(Why(30 * kGib, {}, absl::Seconds(9)), HasSubstr("still frees"));
  // What no process holds does not become free; what one holds is somebody's.
  EXPECT_EQ(Why(30 * kGib, {}, absl::Seconds(11)), "");
  EXPECT_THAT(Why(30 * kGib, {12}, absl::Seconds(11)), HasSubstr("process 12"));
  EXPECT_EQ(Why(kGib / 2, {}, absl::Seconds(1)), "");
}

// Two cards, of 80 GiB each.
class CardWatchTest : public ::testing::Test {
 protected:
  CardWatchTest() {
    for (const int index : {0, 1}) {
      Device card;
      card.name = index == 0 ? "cuda0" : "cuda1";
      card.cuda_index = index;
      card.kind = Device::Kind::kCuda;
      card.memory_bytes = 80 * kGib;
      cards_.push_back(card);
    }
  }

  void Start(absl::Duration poll_interval = absl::Milliseconds(5)) {
    watch_ = std::make_unique<CardWatch>(
        cards_,
        [this](const Device& card) -> absl::StatusOr<DeviceUsage> {
          ++asked_;
          if (card.cuda_index == lost_)
            return absl::UnavailableError(card.name + " does not answer");
          DeviceUsage usage;
          usage.memory_used_bytes = card.cuda_index == 0 ? used_.load() : 0;
          if (usage.memory_used_bytes > 0 && has_process_) usage.processes = {4711};
          return usage;
        },
        CardWatch::Options{poll_interval, kReleaseTime, kPatience});
    watch_->SetOnChange([this] { ++changes_; });
  }

  std::string Reason(size_t card) const { return watch_->cards()[card].unavailable; }

  template <class Condition>
  static void Eventually(const Condition& condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) absl::SleepFor(absl::Milliseconds(5));
    EXPECT_TRUE(condition());
  }

  std::vector<Device> cards_;
  std::atomic<int64_t> used_{0};
  std::atomic<bool> has_process_{true};
  std::atomic<int> lost_{-1};
  std::atomic<int> asked_{0};
  std::atomic<int> changes_{0};
  std::unique_ptr<CardWatch> watch_;
};

TEST_F(CardWatchTest, OtherProgramsAreSeenFromTheBeginningAndWhenTheyHaveGone) {
  used_ = 30 * kGib;
  Start();
  EXPECT_THAT(Reason(0), HasSubstr("process 4711"));
  EXPECT_EQ(Reason(1), "");
  used_ = 0;
  Eventually([&] { return changes_ > 0; });
  EXPECT_EQ(Reason(0), "");
}

TEST_F(CardWatchTest, WhatAJobOfOursUsesIsNoReason) {
  Start();
  watch_->SetHeld({"cuda0"});
  used_ = 30 * kGib;
  const int before = asked_;
  Eventually([&] { return asked_ > before + 8; });
  EXPECT_EQ(Reason(0), "");
}

TEST_F(CardWatchTest, ACardIsNotFreeUntilTheDriverHasFreedItsMemory) {
  Start();
  watch_->SetHeld({"cuda0"});
  used_ = 30 * kGib;
  watch_->SetHeld({});
  // Before anybody has looked.
  EXPECT_THAT(Reason(0), HasSubstr("still frees"));
  EXPECT_EQ(Reason(1), "");
  const int before = asked_;
  Eventually([&] { return asked_ > before + 8; });
  EXPECT_THAT(Reason(0), HasSubstr("still frees"));
  used_ = 0;
  Eventually([&] { return Reason(0).empty(); });
  Eventually([&] { return changes_ > 0; });
}

TEST_F(CardWatchTest, ACardWhoseJobHasEndedIsLookedAtAtOnce) {
  Start(/*poll_interval=*/absl::Hours(1));
  watch_->SetHeld({"cuda0"});
  watch_->SetHeld({});
  Eventually([&] { return Reason(0).empty(); });
}

TEST_F(CardWatchTest, ACardThatDoesNotAnswerIsTakenOutAfterAWhileAndSaidSo) {
  Start();
  EXPECT_THAT(watch_->problems(), IsEmpty());
  lost_ = 1;
  Eventually([&] { return watch_->cards().size() == 1; });
  EXPECT_EQ(watch_->cards()[0].name, "cuda0");
  EXPECT_THAT(
      watch_->problems(),
      ElementsAre("left out cuda1 does not answer; jobs do without it until kurd is started "
                  "again"));
  Eventually([&] { return changes_ > 0; });
}

TEST_F(CardWatchTest, OneThatAnswersAgainInTimeIsUsedAgain) {
  lost_ = 0;
  Start(/*poll_interval=*/absl::Milliseconds(50));
  EXPECT_THAT(Reason(0), HasSubstr("does not answer"));
  lost_ = -1;
  Eventually([&] { return Reason(0).empty(); });
  EXPECT_EQ(watch_->cards().size(), 2U);
}

TEST_F(CardWatchTest, FailuresCloseTogetherAreNoLoss) {
  Start(/*poll_interval=*/absl::Hours(1));
  lost_ = 1;
  used_ = 30 * kGib;
  // The other card is looked at ten times a second while its memory is freed; this one is not.
  watch_->SetHeld({"cuda0"});
  watch_->SetHeld({});
  const int before = asked_;
  Eventually([&] { return asked_ > before + 8; });
  EXPECT_EQ(watch_->cards().size(), 2U);
  EXPECT_EQ(Reason(1), "");
}

TEST_F(CardWatchTest, ANumberThatMovesIsNoNews) {
  used_ = 30 * kGib;
  Start();
  for (int i = 1; i <= 20; ++i) {
    used_ = (30 + i) * kGib;
    const int before = asked_;
    Eventually([&] { return asked_ >= before + 4; });
  }
  EXPECT_EQ(changes_, 0);
  EXPECT_THAT(Reason(0), HasSubstr("50.0 GiB"));
}

TEST_F(CardWatchTest, AfterACardWasFreeOthersAreOthersAgain) {
  has_process_ = false;  // as within a container
  Start();
  watch_->SetHeld({"cuda0"});
  watch_->SetHeld({});
  Eventually([&] { return Reason(0).empty(); });
  used_ = 30 * kGib;
  Eventually([&] { return !Reason(0).empty(); });
  EXPECT_THAT(Reason(0), HasSubstr("programs outside of kurd"));
}

TEST_F(CardWatchTest, NobodyIsCalledAnyMoreWhenTheCallbackIsGone) {
  Start();
  watch_->SetOnChange(nullptr);
  used_ = 30 * kGib;
  Eventually([&] { return !Reason(0).empty(); });
  EXPECT_EQ(changes_, 0);
}

}  // namespace
}  // namespace kur::server
