#include "server/events/progress_tracker.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "server/protocol/packed_events.h"

namespace kur::server {
namespace {

v1::Event Starting(int attempt) {
  v1::Event event;
  event.mutable_state_changed()->set_state(v1::JOB_STATE_STARTING);
  event.mutable_state_changed()->set_attempt(attempt);
  return event;
}

v1::Event Batches(int64_t epoch, int64_t first, int count) {
  v1::Event event;
  event.mutable_batch_losses()->set_epoch(epoch);
  event.mutable_batch_losses()->set_first_batch(first);
  event.mutable_batch_losses()->set_mean_loss(0.5);
  for (int i = 0; i < count; ++i) event.mutable_batch_losses()->add_losses(1.0F);
  return event;
}

v1::Event Saved(int64_t batch) {
  v1::Event event;
  event.mutable_saved()->set_batch(batch);
  return event;
}

v1::Event Started(int64_t resumed_at_batch) {
  v1::Event event;
  event.mutable_started()->set_resumed_at_batch(resumed_at_batch);
  return event;
}

TEST(ProgressTrackerTest, KnowsNothingAtFirst) {
  EXPECT_FALSE(ProgressTracker().progress().has_value());
}

TEST(ProgressTrackerTest, PackedEventsCountAsThoseThatTheyAre) {
  std::vector<v1::Event> events;
  for (int64_t i = 1; i <= 20; ++i) {
    v1::Event event;
    event.mutable_epoch_started()->set_epoch(i);
    event.mutable_epoch_started()->set_batches(3);
    events.push_back(event);
    events.push_back(Batches(i, 1, 3));
    event.mutable_epoch_finished()->set_epoch(i);
    event.mutable_epoch_finished()->set_loss(1.0 / static_cast<double>(i));
    events.push_back(event);
    event.mutable_measured()->set_section("validate");
    event.mutable_measured()->set_loss(2.0 / static_cast<double>(i));
    events.push_back(event);
  }
  ProgressTracker plain;
  for (const v1::Event& event : events) plain.Add(event);
  const auto packed = PackEvents(events);
  ASSERT_EQ(packed.size(), 1U);
  ProgressTracker tracker;
  tracker.Add(packed[0]);
  EXPECT_EQ(tracker.summary().SerializeAsString(), plain.summary().SerializeAsString());
}

TEST(ProgressTrackerTest, FollowsEpochsBatchesAndValidation) {
  ProgressTracker tracker;
  v1::Event epoch;
  epoch.mutable_epoch_started()->set_epoch(2);
  epoch.mutable_epoch_started()->set_last_epoch(10);
  epoch.mutable_epoch_started()->set_batches(100);
  tracker.Add(epoch);
  tracker.Add(Batches(2, 11, 5));
  v1::Event measured;
  measured.mutable_measured()->set_section("validate");
  measured.mutable_measured()->set_loss(0.25);
  (*measured.mutable_measured()->mutable_metrics())["accuracy"] = 0.9;
  tracker.Add(measured);
  measured.mutable_measured()->set_section("test");
  measured.mutable_measured()->set_loss(99);
  tracker.Add(measured);
  const v1::Progress progress = *tracker.progress();
  EXPECT_EQ(progress.epoch(), 2);
  EXPECT_EQ(progress.last_epoch(), 10);
  EXPECT_EQ(progress.batch(), 15);
  EXPECT_EQ(progress.batches(), 100);
  EXPECT_EQ(progress.loss(), 0.5);
  EXPECT_EQ(progress.validation_loss(), 0.25);
  EXPECT_EQ(progress.validation_metrics().at("accuracy"), 0.9);
}

TEST(ProgressTrackerTest, NumbersThatNoJobReachesAreTakenAsTheyAre) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  EventSummary summary;
  summary.set_attempts_without_progress(std::numeric_limits<int32_t>::max());
  ProgressTracker tracker(summary);
  tracker.Add(Starting(1));
  EXPECT_EQ(tracker.attempts_without_progress(), std::numeric_limits<int32_t>::max());
  tracker.Add(Batches(1, kMost, 5));
  EXPECT_EQ(tracker.progress()->batch(), kMost);
}

TEST(ProgressTrackerTest, WhatWasOnlyTrainedIsNoProgress) {
  ProgressTracker tracker;
  for (int attempt = 1; attempt <= 3; ++attempt) {
    tracker.Add(Starting(attempt));
    tracker.Add(Batches(1, 1, 50 * attempt));
    EXPECT_FALSE(tracker.progressed());
    EXPECT_EQ(tracker.attempts_without_progress(), attempt);
  }
}

TEST(ProgressTrackerTest, SavingMoreThanBeforeIsProgress) {
  ProgressTracker tracker;
  tracker.Add(Starting(1));
  tracker.Add(Saved(50));
  EXPECT_TRUE(tracker.progressed());
  tracker.Add(Starting(2));
  tracker.Add(Saved(50));
  EXPECT_FALSE(tracker.progressed()) << "an attempt that began anew";
  tracker.Add(Starting(3));
  EXPECT_EQ(tracker.attempts_without_progress(), 2);
  tracker.Add(Saved(51));
  EXPECT_TRUE(tracker.progressed());
  tracker.Add(Starting(4));
  EXPECT_EQ(tracker.attempts_without_progress(), 1);
}

TEST(ProgressTrackerTest, GoingOnFromFurtherThanBeforeMeansThatMoreWasSaved) {
  ProgressTracker tracker;
  tracker.Add(Starting(1));
  tracker.Add(Starting(2));
  EXPECT_EQ(tracker.attempts_without_progress(), 2);
  tracker.Add(Started(40));
  EXPECT_EQ(tracker.attempts_without_progress(), 1);
  EXPECT_FALSE(tracker.progressed()) << "that was the attempt before";
  tracker.Add(Starting(3));
  tracker.Add(Started(40));
  EXPECT_EQ(tracker.attempts_without_progress(), 2);
}

TEST(ProgressTrackerTest, RemembersWhatWasAnnounced) {
  ProgressTracker tracker;
  EXPECT_EQ(tracker.announced_state(), std::nullopt);
  tracker.Add(Starting(2));
  EXPECT_EQ(tracker.announced_state(), v1::JOB_STATE_STARTING);
  EXPECT_EQ(tracker.announced_attempt(), 2);
}

TEST(ProgressTrackerTest, RemembersTheLastCommandThatWasDone) {
  ProgressTracker tracker;
  EXPECT_EQ(tracker.last_command_done(), 0);
  v1::Event event;
  event.mutable_command_done()->set_id(3);
  tracker.Add(event);
  EXPECT_EQ(tracker.last_command_done(), 3);
}

}  // namespace
}  // namespace kur::server
