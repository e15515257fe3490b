#include "server/worker/thinning_sink.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur::worker {
namespace {

using ::testing::HasSubstr;

class RecordingSink : public EventSink {
 public:
  absl::Status Add(v1::Event event) override {
    events.push_back(std::move(event));
    return absl::OkStatus();
  }
  absl::Status Flush() override {
    ++flushes;
    return absl::OkStatus();
  }
  absl::Status Sync() override {
    ++syncs;
    return absl::OkStatus();
  }

  std::vector<v1::Event> events;
  int flushes = 0;
  int syncs = 0;
};

class ThinningSinkTest : public ::testing::Test {
 protected:
  void Start(int64_t limit, int64_t used = 0) {
    sink_ = std::make_unique<ThinningSink>(
        &next_,
        ThinningSink::Options{limit, used, [this] { return used_now_; }, [this] { return now_; }});
  }
  void Add(v1::Event event) { EXPECT_TRUE(sink_->Add(std::move(event)).ok()); }
  void AddEpoch(int64_t epoch) {
    v1::Event event;
    event.mutable_epoch_started()->set_epoch(epoch);
    Add(event);
    event.mutable_batch_losses()->add_losses(1);
    Add(event);
    event.mutable_epoch_finished()->set_epoch(epoch);
    Add(event);
    event.mutable_pass_progress()->set_samples(1);
    Add(event);
    event.mutable_measured()->set_epoch(epoch);
    Add(event);
  }
  void Save() {
    EXPECT_TRUE(sink_->Sync().ok());
    v1::Event event;
    event.mutable_saved()->set_batch(1);
    Add(event);
  }

  // What came through since the last call: "E1 L F1 P M1", "saved", "done", lines.
  std::string Came() {
    std::string text;
    for (const v1::Event& event : std::exchange(next_.events, {})) {
      if (event.has_epoch_started()) absl::StrAppend(&text, "E", event.epoch_started().epoch());
      if (event.has_epoch_finished()) absl::StrAppend(&text, "F", event.epoch_finished().epoch());
      if (event.has_measured()) absl::StrAppend(&text, "M", event.measured().epoch());
      if (event.has_batch_losses()) absl::StrAppend(&text, "L");
      if (event.has_pass_progress()) absl::StrAppend(&text, "P");
      if (event.has_saved()) absl::StrAppend(&text, "saved");
      if (event.has_command_done()) absl::StrAppend(&text, "done");
      if (event.has_artifact_written()) absl::StrAppend(&text, "wrote");
      absl::StrAppend(&text, event.log_line().text(), " ");
    }
    return text;
  }

  RecordingSink next_;
  int64_t used_now_ = 0;
  absl::Duration now_ = absl::Hours(1);
  std::unique_ptr<ThinningSink> sink_;
};

TEST_F(ThinningSinkTest, BelowTheLimitEverythingPasses) {
  for (const int64_t limit : {0, 1000}) {
    Start(limit);
    used_now_ = 999;
    AddEpoch(1);
    EXPECT_EQ(Came(), "E1 L F1 P M1 ");
  }
}

TEST_F(ThinningSinkTest, TheLimitIsSaidOnce) {
  Start(1000, 600);
  used_now_ = 399;
  AddEpoch(1);
  used_now_ = 400;
  v1::Event event;
  event.mutable_epoch_started()->set_epoch(2);
  Add(event);
  EXPECT_THAT(Came(), HasSubstr("M1 E2 the job's events have reached the limit"));
  AddEpoch(3);
  EXPECT_EQ(Came(), "");
  Start(1000, 1000);
  AddEpoch(4);
  EXPECT_EQ(Came(), "") << "the attempt before has said it";
}

TEST_F(ThinningSinkTest, AnEpochAMinuteIsKeptAndTheLast) {
  Start(1000, 1000);
  for (int64_t i = 1; i <= 200; ++i) {
    AddEpoch(i);
    now_ += absl::Seconds(1);
  }
  EXPECT_EQ(Came(), "E60 F60 M60 E120 F120 M120 E180 F180 M180 ");
  EXPECT_TRUE(sink_->Flush().ok());
  EXPECT_EQ(Came(), "E200 F200 M200 ");
  EXPECT_EQ(next_.flushes, 1);
}

TEST_F(ThinningSinkTest, WhatTheRunGoesOnFromHasItsEpochBeforeIt) {
  Start(1000, 1000);
  AddEpoch(1);
  AddEpoch(2);
  Save();
  EXPECT_EQ(Came(), "E2 F2 M2 saved ");
  EXPECT_EQ(next_.syncs, 1);
  AddEpoch(3);
  v1::Event event;
  event.mutable_artifact_written()->set_path("best.kur");
  Add(event);
  event.mutable_command_done()->set_id(1);
  Add(event);
  EXPECT_EQ(Came(), "E3 F3 M3 wrote done ");
}

TEST_F(ThinningSinkTest, LogLinesAreBounded) {
  Start(1000, 1000);
  v1::Event event;
  event.mutable_log_line()->set_text(std::string(1000, 'x'));
  for (int i = 0; i < 3000; ++i) Add(event);
  ASSERT_GT(next_.events.size(), 1000U);
  ASSERT_LT(next_.events.size(), 1100U);
  EXPECT_THAT(next_.events.back().log_line().text(), HasSubstr("left out"));
}

}  // namespace
}  // namespace kur::worker
