#include "client/event_follower.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/fake_server.h"
#include "tests/client/test_support.h"

namespace kur::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class EventFollowerTest : public testing::Test {
 protected:
  void SetUp() override {
    Settings settings;
    settings.server = *ParseAddress(server_->address());
    connection_ = *Connection::Open(settings);
    server_->With([](FakeState& state) {
      state.jobs["cifar-7"].set_name("cifar-7");
      auto& events = state.events["cifar-7"];
      for (int64_t i = 1; i <= 7; ++i) events.push_back(LogEvent(i, "line"));
      events.push_back(StateEvent(8, v1::JOB_STATE_SUCCEEDED));
    });
  }

  EventFollower::Options Options() {
    EventFollower::Options options;
    options.job = "cifar-7";
    options.on_connection_change = [this](const std::string& text) { notes_.push_back(text); };
    return options;
  }

  // Reads to the end; the numbers of the events.
  std::vector<int64_t> ReadAll(EventFollower::Options options) {
    EventFollower follower(*connection_, clock_, std::move(options));
    std::vector<int64_t> numbers;
    while (true) {
      v1::Event event;
      const auto step = follower.Next(&event, absl::Milliseconds(500));
      if (!step.ok()) status_ = step.status();
      if (!step.ok() || *step == EventFollower::Step::kEnd) return numbers;
      if (*step == EventFollower::Step::kEvent) numbers.push_back(event.number());
    }
  }

  TemporaryDirectory folder_;
  std::unique_ptr<FakeServer> server_ = std::make_unique<FakeServer>(folder_.File("kurd.sock"));
  std::unique_ptr<Connection> connection_;
  FakeClock clock_;
  std::vector<std::string> notes_;
  absl::Status status_;
};

TEST_F(EventFollowerTest, ReadsFromANumberToTheEnd) {
  EventFollower::Options options = Options();
  options.from = 6;
  EXPECT_THAT(ReadAll(options), ElementsAre(6, 7, 8));
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(EventFollowerTest, GetsEveryEventOnceAcrossBrokenStreams) {
  server_->With([](FakeState& state) { state.drop_stream_after = 3; });
  EXPECT_THAT(ReadAll(Options()), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_TRUE(status_.ok()) << status_;
  const auto froms = server_->With([](FakeState& state) {
    std::vector<int64_t> numbers;
    for (const auto& request : state.watches) numbers.push_back(request.from());
    return numbers;
  });
  EXPECT_THAT(froms, ElementsAre(1, 4, 7));
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("trying again"), "connected again",
                                  HasSubstr("trying again"), "connected again"));
}

TEST_F(EventFollowerTest, DropsEventsThatAServerRepeats) {
  server_->With([](FakeState& state) {
    state.drop_stream_after = 4;
    state.repeat_before = 2;
  });
  EXPECT_THAT(ReadAll(Options()), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
}

TEST_F(EventFollowerTest, UnpacksWhatIsPacked) {
  server_->With([](FakeState& state) {
    v1::Event& packed = state.events["cifar-7"][2];
    packed.clear_kind();
    packed.mutable_packed()->set_rounds(3);
    packed.mutable_packed()->add_first()->mutable_epoch_started()->set_epoch(5);
    for (int i = 0; i < 2; ++i) packed.mutable_packed()->add_times(1);
    state.drop_stream_after = 3;
  });
  EXPECT_THAT(ReadAll(Options()), ElementsAre(1, 2, 3, 3, 3, 4, 5, 6, 7, 8));
  EXPECT_TRUE(status_.ok()) << status_;
  server_->With([](FakeState& state) {
    state.events["cifar-7"][2].mutable_packed()->clear_times();
    state.drop_stream_after = 0;
  });
  EXPECT_THAT(ReadAll(Options()), ElementsAre(1, 2));
  EXPECT_TRUE(absl::IsDataLoss(status_)) << status_;
}

TEST_F(EventFollowerTest, RefusesAStreamWithAHole) {
  server_->With([](FakeState& state) {
    auto& events = state.events["cifar-7"];
    events.erase(events.begin() + 2);
  });
  EXPECT_THAT(ReadAll(Options()), ElementsAre(1, 2));
  EXPECT_TRUE(absl::IsDataLoss(status_)) << status_;
}

TEST_F(EventFollowerTest, GivesUpAfterItsRetryTimeout) {
  server_->With([](FakeState& state) { state.events["cifar-7"].clear(); });
  // A stream that ends although the job has not is a server that went away.
  EventFollower::Options options = Options();
  options.retry_timeout = absl::Minutes(1);
  const absl::Time start = clock_.Now();
  EXPECT_THAT(ReadAll(options), IsEmpty());
  EXPECT_TRUE(absl::IsUnavailable(status_)) << status_;
  EXPECT_GE(clock_.Now() - start, absl::Minutes(1));
}

TEST_F(EventFollowerTest, StopsAfterTheNewestEventWithoutFollow) {
  server_->With([](FakeState& state) { state.events["cifar-7"].pop_back(); });
  EventFollower::Options options = Options();
  options.follow = false;
  EXPECT_THAT(ReadAll(options), ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_TRUE(status_.ok()) << status_;
}

TEST_F(EventFollowerTest, SurvivesARestartOfTheServer) {
  EventFollower follower(*connection_, clock_, Options());
  v1::Event event;
  server_->With([](FakeState& state) { state.events["cifar-7"].resize(2); });
  std::vector<int64_t> numbers;
  while (numbers.size() < 2) {
    if (*follower.Next(&event, absl::Milliseconds(500)) == EventFollower::Step::kEvent) {
      numbers.push_back(event.number());
    }
  }
  server_.reset();
  while (notes_.empty()) ASSERT_TRUE(follower.Next(&event, absl::Milliseconds(500)).ok());
  server_ = std::make_unique<FakeServer>(folder_.File("kurd.sock"));
  server_->With([](FakeState& state) {
    state.jobs["cifar-7"].set_name("cifar-7");
    state.events["cifar-7"] = {LogEvent(1, "a"), LogEvent(2, "b"), LogEvent(3, "c"),
                               StateEvent(4, v1::JOB_STATE_FAILED)};
  });
  while (true) {
    const auto step = follower.Next(&event, absl::Milliseconds(500));
    ASSERT_TRUE(step.ok()) << step.status();
    if (*step == EventFollower::Step::kEnd) break;
    if (*step == EventFollower::Step::kEvent) numbers.push_back(event.number());
  }
  EXPECT_THAT(numbers, ElementsAre(1, 2, 3, 4));
}

}  // namespace
}  // namespace kur::client
