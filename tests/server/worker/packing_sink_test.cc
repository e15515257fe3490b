#include "server/worker/packing_sink.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/protocol/packed_events.h"

namespace kur::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RecordingSink : public EventSink {
 public:
  absl::Status Add(v1::Event event) override {
    const absl::MutexLock lock(&mutex);
    events.push_back(std::move(event));
    return status;
  }
  absl::Status Sync() override { return status; }

  absl::Mutex mutex;
  std::vector<v1::Event> events;
  absl::Status status;
};

class PackingSinkTest : public ::testing::Test {
 protected:
  void StartEpoch() {
    v1::Event event;
    event.mutable_epoch_started()->set_epoch(++epoch_);
    EXPECT_TRUE(sink_.Add(std::move(event)).ok());
  }
  void AddLoss(int batch, double speed = 100) {
    v1::Event event;
    v1::BatchLosses& losses = *event.mutable_batch_losses();
    losses.set_epoch(epoch_);
    losses.set_first_batch(batch);
    losses.add_losses(static_cast<float>(batch));
    losses.add_sizes(10);
    losses.set_samples(10 * batch);
    losses.set_mean_loss(batch);
    losses.set_samples_per_second(speed);
    EXPECT_TRUE(sink_.Add(std::move(event)).ok());
  }
  void FinishEpoch() {
    v1::Event event;
    event.mutable_epoch_finished()->set_epoch(epoch_);
    event.mutable_epoch_finished()->set_loss(1.0 / static_cast<double>(epoch_));
    EXPECT_TRUE(sink_.Add(std::move(event)).ok());
  }
  // Epochs of a tenth of a second.
  void AddEpochs(int count) {
    for (int i = 0; i < count; ++i) {
      StartEpoch();
      AddLoss(1);
      FinishEpoch();
      now_ += absl::Milliseconds(100);
    }
  }
  void Say(const std::string& text) {
    v1::Event event;
    event.mutable_log_line()->set_text(text);
    EXPECT_TRUE(sink_.Add(std::move(event)).ok());
  }

  // "E1 L1 F1 packed:2-5 line": what came through.
  std::string Came() {
    const absl::MutexLock lock(&next_.mutex);
    std::string text;
    for (const v1::Event& event : next_.events) {
      if (event.has_packed()) {
        const auto events = UnpackEvents(event);
        EXPECT_TRUE(events.ok()) << events.status();
        absl::StrAppend(&text, " packed:", events->front().epoch_started().epoch(), "-",
                        events->back().epoch_finished().epoch());
      } else if (event.has_epoch_started()) {
        absl::StrAppend(&text, " E", event.epoch_started().epoch());
      } else if (event.has_batch_losses()) {
        absl::StrAppend(&text, " L", event.batch_losses().epoch());
      } else if (event.has_epoch_finished()) {
        absl::StrAppend(&text, " F", event.epoch_finished().epoch());
      } else {
        absl::StrAppend(&text, " ", event.log_line().text());
      }
    }
    return text;
  }

  RecordingSink next_;
  absl::Duration now_ = absl::Hours(1);
  PackingSink sink_{&next_, absl::InfiniteDuration(), [this] { return now_; }};
  int64_t epoch_ = 0;
};

TEST_F(PackingSinkTest, EpochsOfASecondPassAtOnce) {
  for (int i = 0; i < 2; ++i) {
    StartEpoch();
    AddLoss(1);
    now_ += absl::Seconds(1);
    FinishEpoch();
  }
  EXPECT_EQ(Came(), " E1 L1 F1 E2 L2 F2");
}

TEST_F(PackingSinkTest, ShortEpochsArePackedOnceTheFirstWasShort) {
  AddEpochs(20);
  EXPECT_EQ(Came(), " E1 L1 F1");
  ASSERT_TRUE(sink_.Flush().ok());
  EXPECT_EQ(Came(), " E1 L1 F1 packed:2-20");
}

TEST_F(PackingSinkTest, WhatIsHeldComesBeforeAnythingElse) {
  AddEpochs(20);
  Say("hello");
  AddEpochs(20);
  EXPECT_TRUE(sink_.Sync().ok());
  EXPECT_EQ(Came(), " E1 L1 F1 packed:2-20 hello packed:21-40");
}

TEST_F(PackingSinkTest, NothingIsHeldForLongerThanTwoTicks) {
  AddEpochs(10);
  StartEpoch();
  AddLoss(1);
  sink_.Tick();
  EXPECT_EQ(Came(), " E1 L1 F1 packed:2-10") << "the epoch at work may still be packed";
  sink_.Tick();
  EXPECT_EQ(Came(), " E1 L1 F1 packed:2-10 E11 L11");
  AddLoss(2);
  EXPECT_EQ(Came(), " E1 L1 F1 packed:2-10 E11 L11 L11") << "this epoch is not short";
}

TEST_F(PackingSinkTest, AThreadTicks) {
  PackingSink sink(&next_, absl::Milliseconds(1), [this] { return now_; });
  v1::Event event;
  for (int i = 1; i <= 2; ++i) {
    event.mutable_epoch_started()->set_epoch(i);
    ASSERT_TRUE(sink.Add(event).ok());
  }
  const absl::MutexLock lock(&next_.mutex);
  const auto all = [this] { return next_.events.size() == 2; };
  next_.mutex.Await(absl::Condition(&all));
}

TEST_F(PackingSinkTest, TheLossesOfAnEpochAreOneEvent) {
  AddEpochs(1);
  StartEpoch();
  AddLoss(1, 100);
  AddLoss(2, 50);
  AddLoss(4);  // not the next one
  ASSERT_TRUE(sink_.Flush().ok());
  ASSERT_EQ(Came(), " E1 L1 F1 E2 L2 L2");
  const v1::BatchLosses& losses = next_.events[4].batch_losses();
  EXPECT_THAT(losses.losses(), ElementsAre(1, 2));
  EXPECT_THAT(losses.sizes(), ElementsAre(10, 10));
  EXPECT_EQ(losses.samples(), 20);
  EXPECT_EQ(losses.mean_loss(), 2);
  EXPECT_FLOAT_EQ(static_cast<float>(losses.samples_per_second()), 20 / 0.3F);
}

TEST_F(PackingSinkTest, ATimeIsThatOfTheEventAndNotOfItsPassingOn) {
  AddEpochs(3);
  ASSERT_TRUE(sink_.Flush().ok());
  for (size_t i = 3; i < next_.events.size(); ++i) EXPECT_TRUE(next_.events[i].has_time());
}

TEST_F(PackingSinkTest, MemoryIsBounded) {
  AddEpochs(10000);
  EXPECT_NE(Came(), " E1 L1 F1");
}

TEST_F(PackingSinkTest, AnErrorIsToldAtTheNextCall) {
  AddEpochs(3);
  next_.status = absl::ResourceExhaustedError("full");
  sink_.Tick();
  next_.status = absl::OkStatus();
  EXPECT_EQ(sink_.Flush(), absl::ResourceExhaustedError("full"));
  EXPECT_EQ(sink_.Sync(), absl::ResourceExhaustedError("full"));
}

}  // namespace
}  // namespace kur::worker
