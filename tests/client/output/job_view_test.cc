#include "client/output/job_view.h"

#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/test_support.h"

namespace kur::client {
namespace {

v1::Job RunningJob() {
  v1::Job job;
  job.set_name("cifar-7");
  job.set_owner("alice");
  job.set_project("vision");
  job.set_mode(v1::MODE_TRAIN);
  job.set_state(v1::JOB_STATE_RUNNING);
  job.set_kurfile("cifar.yml");
  job.add_devices("cuda1");
  job.set_seed(7);
  job.mutable_submitted_at()->set_seconds(1'700'000'000);
  job.mutable_started_at()->set_seconds(1'700'000'008);
  job.mutable_progress()->set_epoch(3);
  job.mutable_progress()->set_last_epoch(10);
  job.mutable_progress()->set_batch(200);
  job.mutable_progress()->set_batches(1875);
  job.mutable_progress()->set_loss(0.4312);
  job.mutable_progress()->set_samples_per_second(1912);
  job.mutable_progress()->set_validation_loss(0.5);
  (*job.mutable_progress()->mutable_validation_metrics())["accuracy"] = 0.91;
  return job;
}

v1::Job FailedJob() {
  v1::Job job;
  job.set_name("mnist-12");
  job.set_owner("alice");
  job.set_project("mnist");
  job.set_mode(v1::MODE_TEST);
  job.set_state(v1::JOB_STATE_FAILED);
  job.set_reason("out of memory");
  job.mutable_submitted_at()->set_seconds(1'699'990'000);
  return job;
}

class JobViewTest : public testing::Test {
 protected:
  const absl::Time now_ = absl::FromUnixSeconds(1'700'000'200);
  std::ostringstream stream_;
  Terminal terminal_{stream_, PlainFeatures()};
};

// The time of day of the server was set back while the job ran.
TEST_F(JobViewTest, TheDurationIsWhatTheServerHasMeasured) {
  v1::Job job = RunningJob();
  job.mutable_elapsed()->set_seconds(75);
  job.mutable_finished_at()->set_seconds(1'699'999'000);
  EXPECT_THAT(RenderJob(job, {}, now_, absl::UTCTimeZone(), terminal_),
              testing::HasSubstr("Duration:    1m15s\n"));
}

TEST_F(JobViewTest, SaysHowManyRestartsAreLeft) {
  v1::Job job = RunningJob();
  job.set_attempts(4);
  job.set_restarts(2);
  job.set_max_restarts(16);
  EXPECT_THAT(
      RenderJob(job, {}, now_, absl::UTCTimeZone(), terminal_),
      testing::HasSubstr("Attempts:    4 (2 of at most 16 restarts after a worker was killed)"));
}

TEST_F(JobViewTest, ListsJobs) {
  EXPECT_EQ(RenderJobTable({RunningJob(), FailedJob()}, /*wide=*/false, now_, terminal_),
            "NAME      STATE    MODE   PROJECT  EPOCH    LOSS  VALIDATION    AGE  DURATION\n"
            "cifar-7   running  train  vision    3/10  0.4312      0.5000  3m20s     3m12s\n"
            "mnist-12  failed   test   mnist        -       -           -  2h50m         -\n");
}

TEST_F(JobViewTest, ALossOfZeroIsALoss) {
  v1::Job job = RunningJob();
  job.mutable_progress()->set_loss(0);
  EXPECT_THAT(RenderJobTable({job}, /*wide=*/false, now_, terminal_),
              ::testing::HasSubstr("3/10     0 "));
  job.mutable_progress()->clear_loss();
  EXPECT_THAT(RenderJobTable({job}, /*wide=*/false, now_, terminal_),
              ::testing::HasSubstr("3/10     - "));
}

TEST_F(JobViewTest, ListsMoreWhenWide) {
  EXPECT_EQ(
      RenderJobTable({RunningJob(), FailedJob()}, /*wide=*/true, now_, terminal_),
      "NAME      STATE    MODE   PROJECT  EPOCH    LOSS  VALIDATION    AGE  DURATION   SPEED  "
      "OWNER  DEVICES  REASON\n"
      "cifar-7   running  train  vision    3/10  0.4312      0.5000  3m20s     3m12s  1.9k/s  "
      "alice  cuda1    -\n"
      "mnist-12  failed   test   mnist        -       -           -  2h50m         -       -  "
      "alice  -        out of memory\n");
}

TEST_F(JobViewTest, DescribesAJob) {
  v1::Artifact artifact;
  artifact.set_path("last.kur");
  artifact.set_kind(v1::Artifact::KIND_CHECKPOINT);
  artifact.set_size(139264);
  artifact.set_epoch(2);
  artifact.set_description("last weights");
  artifact.mutable_written_at()->set_seconds(1'700'000'140);
  EXPECT_EQ(RenderJob(RunningJob(), {artifact}, now_, absl::UTCTimeZone(), terminal_),
            "Name:        cifar-7\n"
            "State:       running\n"
            "Mode:        train\n"
            "Kurfile:     cifar.yml\n"
            "Project:     vision\n"
            "Owner:       alice\n"
            "Devices:     cuda1\n"
            "Seed:        7\n"
            "Submitted:   2023-11-14 22:13:20 (3m20s ago)\n"
            "Started:     2023-11-14 22:13:28 (3m12s ago)\n"
            "Duration:    3m12s\n"
            "Progress:    epoch 3 of 10, batch 200 of 1,875, 1.9k samples/s\n"
            "Loss:        0.4312\n"
            "Validation:  loss 0.5000, accuracy 0.9100\n"
            "Artifacts:\n"
            "  PATH      KIND             SIZE  EPOCH    AGE  DESCRIPTION\n"
            "  last.kur  checkpoint  136.0 KiB      2  1m00s  last weights\n");
}

}  // namespace
}  // namespace kur::client
