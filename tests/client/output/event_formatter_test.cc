#include "client/output/event_formatter.h"

#include <sstream>

#include "gtest/gtest.h"
#include "tests/client/test_support.h"

namespace kur::client {
namespace {

class EventFormatterTest : public testing::Test {
 protected:
  std::string Format(const v1::Event& event) {
    return formatter_.Format(event).value_or("(nothing)");
  }

  static v1::Event EpochStart() {
    v1::Event event = NumberedEvent(1);
    event.mutable_epoch_started()->set_epoch(3);
    event.mutable_epoch_started()->set_last_epoch(10);
    event.mutable_epoch_started()->set_samples(60000);
    return event;
  }

  static v1::Event Batches(int64_t second, int64_t samples) {
    v1::Event event = NumberedEvent(second);
    event.mutable_batch_losses()->set_epoch(3);
    event.mutable_batch_losses()->set_samples(samples);
    event.mutable_batch_losses()->set_mean_loss(0.43124);
    event.mutable_batch_losses()->set_samples_per_second(1912);
    return event;
  }

  std::ostringstream stream_;
  Terminal terminal_{stream_, PlainFeatures()};
  EventFormatter formatter_{terminal_, {absl::Seconds(30), absl::UTCTimeZone()}};
};

TEST_F(EventFormatterTest, FormatsStatesWithDevicesAndReasons) {
  v1::Event event = StateEvent(0, v1::JOB_STATE_STARTING);
  event.mutable_state_changed()->add_devices("cpu0");
  event.mutable_state_changed()->set_attempt(2);
  EXPECT_EQ(Format(event), "22:13:20 starting on cpu0, attempt 2");
  EXPECT_EQ(Format(StateEvent(1, v1::JOB_STATE_FAILED, "loss is NaN")),
            "22:13:21 failed: loss is NaN");
}

TEST_F(EventFormatterTest, FormatsTheStart) {
  v1::Event event = NumberedEvent(0);
  event.mutable_started()->set_device("cpu");
  event.mutable_started()->set_layers(12);
  event.mutable_started()->set_parameters(34826);
  event.mutable_started()->set_samples(60000);
  event.mutable_started()->set_resumed_at_batch(1200);
  EXPECT_EQ(Format(event),
            "22:13:20 started on cpu: 12 layers, 34,826 parameters, 60,000 samples; goes on after "
            "batch 1,200");
}

TEST_F(EventFormatterTest, FormatsResults) {
  EXPECT_EQ(Format(EpochStart()), "(nothing)");
  v1::Event epoch = NumberedEvent(0);
  epoch.mutable_epoch_finished()->set_epoch(3);
  epoch.mutable_epoch_finished()->set_loss(0.4312);
  epoch.mutable_epoch_finished()->set_samples(60000);
  epoch.mutable_epoch_finished()->set_seconds(32);
  EXPECT_EQ(Format(epoch), "22:13:20 epoch 3/10  loss 0.4312  60,000 samples in 32s (1.9k/s)");

  v1::Event measured = NumberedEvent(0);
  measured.mutable_measured()->set_section("validate");
  measured.mutable_measured()->set_set("clean");
  measured.mutable_measured()->set_loss(0.25);
  (*measured.mutable_measured()->mutable_metrics())["accuracy"] = 0.9612;
  measured.mutable_measured()->set_samples(10000);
  EXPECT_EQ(Format(measured),
            "22:13:20 validate clean  loss 0.2500  accuracy 0.9612  10,000 samples");
}

TEST_F(EventFormatterTest, FormatsALearningRateThatHasChanged) {
  v1::Event epoch = NumberedEvent(0);
  epoch.mutable_epoch_finished()->set_epoch(3);
  epoch.mutable_epoch_finished()->set_learning_rate(0.1);
  const std::string unchanged = Format(epoch);
  EXPECT_EQ(Format(epoch), unchanged);
  epoch.mutable_epoch_finished()->set_learning_rate(0.05);
  EXPECT_EQ(Format(epoch), unchanged + "  learning rate 0.0500");
}

TEST_F(EventFormatterTest, FormatsFilesAndLogLines) {
  v1::Event artifact = NumberedEvent(0);
  artifact.mutable_artifact_written()->set_path("last.kur");
  artifact.mutable_artifact_written()->set_size(139264);
  artifact.mutable_artifact_written()->set_description("last weights");
  EXPECT_EQ(Format(artifact), "22:13:20 wrote last.kur (136.0 KiB): last weights");
  v1::Event line = LogEvent(0, "hi \x1b[2J");
  EXPECT_EQ(Format(line), "22:13:20 hi \\x1b[2J");
  line.mutable_log_line()->set_level(v1::LogLine::LEVEL_WARNING);
  EXPECT_EQ(Format(line), "22:13:20 warning: hi \\x1b[2J");
}

TEST_F(EventFormatterTest, FormatsACommandThatWasNotDone) {
  v1::Event event = NumberedEvent(0);
  event.mutable_command_done()->set_id(1);
  EXPECT_EQ(Format(event), "(nothing)");
  event.mutable_command_done()->set_code(8);
  event.mutable_command_done()->set_message("no space left for the checkpoint");
  EXPECT_EQ(Format(event),
            "22:13:20 warning: what was asked for was not done: no space left for the checkpoint");
}

TEST_F(EventFormatterTest, FormatsProgressNowAndThenByTheTimeOfTheEvents) {
  Format(EpochStart());
  EXPECT_EQ(Format(Batches(0, 1000)), "(nothing)");
  EXPECT_EQ(Format(Batches(29, 20000)), "(nothing)");
  EXPECT_EQ(Format(Batches(30, 30000)), "22:13:50 epoch 3/10 at 50%  loss 0.4312  1.9k samples/s");
  EXPECT_EQ(Format(Batches(31, 31000)), "(nothing)");
}

}  // namespace
}  // namespace kur::client
