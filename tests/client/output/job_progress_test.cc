#include "client/output/job_progress.h"

#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/test_support.h"

namespace kur::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class JobProgressTest : public testing::Test {
 protected:
  std::vector<std::string> Lines() { return progress_.Lines(absl::FromUnixSeconds(1'700'000'010)); }

  void StartEpoch(int64_t samples) {
    v1::Event event = NumberedEvent(1);
    event.mutable_epoch_started()->set_epoch(3);
    event.mutable_epoch_started()->set_last_epoch(10);
    event.mutable_epoch_started()->set_samples(samples);
    progress_.Add(event);
    event.mutable_batch_losses()->set_samples(30000);
    event.mutable_batch_losses()->set_mean_loss(0.4312);
    event.mutable_batch_losses()->set_samples_per_second(2000);
    progress_.Add(event);
  }

  std::ostringstream stream_;
  Terminal terminal_{stream_, PlainFeatures()};
  JobProgress progress_{terminal_, "cifar-7"};
};

TEST_F(JobProgressTest, SaysWhatAWaitingJobWaitsFor) {
  EXPECT_THAT(Lines(), ElementsAre("cifar-7: no news yet"));
  progress_.Add(StateEvent(0, v1::JOB_STATE_QUEUED, "all devices are taken"));
  EXPECT_THAT(Lines(), ElementsAre("cifar-7 is queued for 10s: all devices are taken"));
}

TEST_F(JobProgressTest, DrawsTheEpoch) {
  progress_.Add(StateEvent(0, v1::JOB_STATE_RUNNING));
  StartEpoch(60000);
  EXPECT_THAT(Lines(), ElementsAre("epoch 3/10 ############------------ 50%  2.0k samples/s  "
                                   "loss 0.4312  15s left"));
}

TEST_F(JobProgressTest, DoesWithoutABarWhenTheSizeIsUnknown) {
  StartEpoch(0);
  EXPECT_THAT(Lines(), ElementsAre("epoch 3/10  30,000 samples  2.0k samples/s  loss 0.4312"));
}

TEST_F(JobProgressTest, ShowsAPassAndThenItsResult) {
  StartEpoch(60000);
  v1::Event event = NumberedEvent(2);
  event.mutable_pass_progress()->set_section("validate");
  event.mutable_pass_progress()->set_samples(10);
  event.mutable_pass_progress()->set_total(40);
  progress_.Add(event);
  ASSERT_EQ(Lines().size(), 2u);
  EXPECT_EQ(Lines()[1], "validate ######------------------ 25%");

  event.mutable_measured()->set_section("validate");
  event.mutable_measured()->set_loss(0.5);
  progress_.Add(event);
  ASSERT_EQ(Lines().size(), 2u);
  EXPECT_EQ(Lines()[1], "validate loss 0.5000");
}

TEST_F(JobProgressTest, ShowsNothingOfAJobThatHasEnded) {
  StartEpoch(60000);
  progress_.Add(StateEvent(2, v1::JOB_STATE_CANCELLED));
  EXPECT_THAT(Lines(), IsEmpty());
  EXPECT_EQ(progress_.state(), v1::JOB_STATE_CANCELLED);
}

}  // namespace
}  // namespace kur::client
