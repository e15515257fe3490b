#include "client/job_follower.h"

#include <functional>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/fake_server.h"
#include "tests/client/test_support.h"

namespace kur::client {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

// Keeps what is written, and calls `react` once, as soon as `text` has been written.
class ReactingBuffer : public std::stringbuf {
 public:
  void React(std::string text, std::function<void()> react) {
    text_ = std::move(text);
    react_ = std::move(react);
  }

 private:
  int sync() override {
    if (react_ && absl::StrContains(str(), text_)) std::exchange(react_, nullptr)();
    return 0;
  }

  std::string text_;
  std::function<void()> react_;
};

class JobFollowerTest : public testing::Test {
 protected:
  void SetUp() override {
    Settings settings;
    settings.server = *ParseAddress(server_.address());
    connection_ = *Connection::Open(settings);
    server_.With([](FakeState& state) { state.jobs["cifar-7"].set_name("cifar-7"); });
  }

  void SetEvents(const std::vector<v1::Event>& events) {
    server_.With([&](FakeState& state) { state.events["cifar-7"] = events; });
  }

  absl::StatusOr<ExitCode> Follow(const std::string& fetch = "",
                                  const Terminal::Features& features = PlainFeatures()) {
    std::ostream stream(&buffer_);
    Terminal out(stream, features);
    Context context{test_.environment,
                    out,
                    test_.err_terminal,
                    test_.clock,
                    absl::UTCTimeZone(),
                    test_.interrupted,
                    [this] { caught_interrupts_ = true; },
                    {}};
    return FollowJob(context, *connection_, {"cifar-7", fetch});
  }

  // Presses Ctrl-C as soon as `text` is shown.
  void InterruptAt(const std::string& text) {
    buffer_.React(text, [this] { test_.interrupted = true; });
  }

  std::string out() const { return buffer_.str(); }
  std::string err() const { return test_.err.str(); }

  static v1::Event Batches(int64_t number, int64_t seconds, int64_t samples) {
    v1::Event event = NumberedEvent(number);
    event.mutable_time()->set_seconds(1'700'000'000 + seconds);
    event.mutable_batch_losses()->set_epoch(1);
    event.mutable_batch_losses()->set_samples(samples);
    event.mutable_batch_losses()->set_mean_loss(0.5);
    return event;
  }

  static v1::Event Written(int64_t number, const std::string& path, const std::string& content) {
    v1::Event event = NumberedEvent(number);
    *event.mutable_artifact_written() = ArtifactFor(path, content);
    return event;
  }

  TemporaryDirectory folder_;
  absl::Notification proceed_;  // outlives the server, whose calls wait for it
  FakeServer server_{folder_.File("kurd.sock")};
  std::unique_ptr<Connection> connection_;
  TestContext test_{{}};
  ReactingBuffer buffer_;
  bool caught_interrupts_ = false;
};

TEST_F(JobFollowerTest, EndsAsTheJobEnds) {
  const std::pair<v1::JobState, ExitCode> ends[] = {
      {v1::JOB_STATE_SUCCEEDED, ExitCode::kOk},
      {v1::JOB_STATE_FAILED, ExitCode::kJobFailed},
      {v1::JOB_STATE_CANCELLED, ExitCode::kJobCancelled}};
  for (const auto& [state, code] : ends) {
    SetEvents({StateEvent(1, v1::JOB_STATE_RUNNING), StateEvent(2, state)});
    const auto followed = Follow();
    ASSERT_TRUE(followed.ok()) << followed.status();
    EXPECT_EQ(*followed, code);
  }
  EXPECT_TRUE(caught_interrupts_);
}

TEST_F(JobFollowerTest, AStreamThatCannotRedrawHearsOfTheBatchesNowAndThen) {
  v1::Event epoch = NumberedEvent(1);
  epoch.mutable_epoch_started()->set_epoch(1);
  epoch.mutable_epoch_started()->set_samples(1000);
  SetEvents({epoch, Batches(2, 10, 100), Batches(3, 39, 300), Batches(4, 40, 400),
             Batches(5, 69, 600), StateEvent(6, v1::JOB_STATE_SUCCEEDED)});
  ASSERT_TRUE(Follow().ok());
  EXPECT_THAT(out(), AllOf(HasSubstr("epoch 1 at 40%  loss 0.5"), Not(HasSubstr("30%")),
                           Not(HasSubstr("60%")), Not(HasSubstr("\x1b"))));
}

TEST_F(JobFollowerTest, AScreenShowsWhatGoesOnAndIsCleanAtTheEnd) {
  SetEvents({StateEvent(1, v1::JOB_STATE_RUNNING), StateEvent(2, v1::JOB_STATE_SUCCEEDED)});
  ASSERT_TRUE(Follow("", ScreenFeatures()).ok());
  EXPECT_THAT(out(), AllOf(HasSubstr("cifar-7 is running for"), HasSubstr("running\n")));
  // After the last live line has been removed only the line of the end was written.
  const std::string after = out().substr(out().rfind("\x1b[J"));
  EXPECT_THAT(after, Not(HasSubstr("is running for")));
}

TEST_F(JobFollowerTest, ALostConnectionIsToldOfAndEveryLineComesOnce) {
  server_.With([](FakeState& state) { state.drop_stream_after = 2; });
  SetEvents({LogEvent(1, "one"), LogEvent(2, "two"), LogEvent(3, "three"),
             StateEvent(4, v1::JOB_STATE_SUCCEEDED)});
  ASSERT_TRUE(Follow().ok());
  EXPECT_EQ(out(), "22:13:21 one\n22:13:22 two\n22:13:23 three\n22:13:24 succeeded\n");
  EXPECT_THAT(err(), AllOf(HasSubstr("kurctl: "), HasSubstr("trying again"),
                           HasSubstr("kurctl: connected again\n")));
}

TEST_F(JobFollowerTest, AServerThatLeavesEventsOutIsAnError) {
  SetEvents({LogEvent(1, "one"), LogEvent(3, "three")});
  const auto followed = Follow();
  EXPECT_TRUE(absl::IsDataLoss(followed.status())) << followed.status();
}

TEST_F(JobFollowerTest, AJobThatIsNotThereIsAnError) {
  server_.With([](FakeState& state) { state.jobs.clear(); });
  const auto followed = Follow();
  EXPECT_TRUE(absl::IsNotFound(followed.status())) << followed.status();
}

TEST_F(JobFollowerTest, CtrlCEndsTheWatchingAndSaysThatTheJobGoesOn) {
  SetEvents({LogEvent(1, "hello"), LogEvent(2, "never shown")});
  InterruptAt("hello\n");
  const auto followed = Follow();
  ASSERT_TRUE(followed.ok()) << followed.status();
  EXPECT_EQ(*followed, ExitCode::kInterrupted);
  EXPECT_THAT(out(), EndsWith("hello\n"));
  EXPECT_THAT(err(), HasSubstr("detached; cifar-7 goes on"));
}

TEST_F(JobFollowerTest, WhatTheJobWritesIsFetchedAlsoAfterTheJobHasEnded) {
  buffer_.React("succeeded\n", [this] { proceed_.Notify(); });
  server_.With([&](FakeState& state) {
    state.contents["cifar-7"]["w/last.kur"] = std::string(3000, 'w');
    state.cut_download_after = 1000;
    // The first attempt fails, and not before the end of the job has been shown.
    state.on_cut_download = [&](FakeState& inner) {
      proceed_.WaitForNotification();
      inner.cut_download_after = 0;
    };
  });
  SetEvents(
      {Written(1, "w/last.kur", std::string(3000, 'w')), StateEvent(2, v1::JOB_STATE_SUCCEEDED)});
  const auto followed = Follow(folder_.File("got"));
  ASSERT_TRUE(followed.ok()) << followed.status();
  EXPECT_EQ(*followed, ExitCode::kOk);
  EXPECT_EQ(folder_.Read("got/w/last.kur"), std::string(3000, 'w'));
  EXPECT_THAT(out(), EndsWith("fetched w/last.kur (2.9 KiB) to " + folder_.File("got") + "\n"));
}

TEST_F(JobFollowerTest, CtrlCStopsAFetchThatTheJobHasLeftBehind) {
  server_.With([&](FakeState& state) {
    state.contents["cifar-7"]["w/last.kur"] = std::string(3000, 'w');
    state.cut_download_after = 1000;
    state.on_cut_download = [&](FakeState&) { proceed_.WaitForNotification(); };
  });
  SetEvents(
      {Written(1, "w/last.kur", std::string(3000, 'w')), StateEvent(2, v1::JOB_STATE_SUCCEEDED)});
  InterruptAt("succeeded\n");
  const auto followed = Follow(folder_.File("got"));
  proceed_.Notify();
  ASSERT_TRUE(followed.ok()) << followed.status();
  EXPECT_EQ(*followed, ExitCode::kInterrupted);
  EXPECT_EQ(folder_.Read("got/w/last.kur"), "(missing)");
  EXPECT_THAT(err(),
              HasSubstr("stopped fetching; the rest comes with `kurctl watch cifar-7 --fetch"));
}

TEST_F(JobFollowerTest, AFileThatCannotBeFetchedIsAnErrorAtTheEnd) {
  SetEvents({Written(1, "w/gone.kur", "weights"), LogEvent(2, "still here"),
             StateEvent(3, v1::JOB_STATE_SUCCEEDED)});
  const auto followed = Follow(folder_.File("got"));
  EXPECT_TRUE(absl::IsNotFound(followed.status())) << followed.status();
  EXPECT_THAT(std::string(followed.status().message()), HasSubstr("w/gone.kur"));
  EXPECT_THAT(out(), HasSubstr("succeeded\n"));
}

TEST_F(JobFollowerTest, AFileThatWouldLeaveTheFolderIsNotFetched) {
  server_.With([](FakeState& state) { state.contents["cifar-7"]["../evil"] = "bytes"; });
  SetEvents({Written(1, "../evil", "bytes"), StateEvent(2, v1::JOB_STATE_SUCCEEDED)});
  const auto followed = Follow(folder_.File("got"));
  EXPECT_TRUE(absl::IsPermissionDenied(followed.status())) << followed.status();
  EXPECT_EQ(folder_.Read("evil"), "(missing)");
}

}  // namespace
}  // namespace kur::client
