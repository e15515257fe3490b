#include "server/events/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "tests/server/testing/failing_file_system.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Event Line(const std::string& text, int64_t worker_sequence = 0) {
  v1::Event event;
  event.mutable_log_line()->set_text(text);
  event.set_worker_sequence(worker_sequence);
  return event;
}

class Listener : public EventListener {
 public:
  void OnEvents() override {
    if (!woken.HasBeenNotified()) woken.Notify();
  }
  absl::Notification woken;
};

class EventLogTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    log_.reset();
    auto log = EventLog::Open(files_, path_, dispatcher_);
    ASSERT_THAT(log, IsOk());
    log_ = *std::move(log);
  }

  // The events from `number` on, as "number:text".
  std::vector<std::string> From(int64_t number) {
    std::vector<std::string> found;
    EventCursor cursor = log_->CursorAt(number);
    v1::Event event;
    while (true) {
      const auto read = log_->Read(&cursor, &event);
      EXPECT_THAT(read, IsOk());
      if (!read.ok() || !*read) return found;
      found.push_back(absl::StrCat(event.number(), ":", event.log_line().text()));
    }
  }

  TemporaryDirectory directory_;
  FailingFileSystem files_;
  EventDispatcher dispatcher_;
  const std::string path_ = directory_.File("events.log");
  std::shared_ptr<EventLog> log_;
};

TEST_F(EventLogTest, NumbersEventsFromOneAcrossReopening) {
  ASSERT_THAT(log_->Append({Line("a"), Line("b")}), IsOk());
  Reopen();
  ASSERT_THAT(log_->Append({Line("c")}), IsOk());
  EXPECT_THAT(From(1), ElementsAre("1:a", "2:b", "3:c"));
  EXPECT_EQ(log_->last_number(), 3);
}

TEST_F(EventLogTest, AFileThatCannotBeFoundForAMomentIsNotBegunAnew) {
  ASSERT_THAT(log_->Append({Line("a"), Line("b")}), IsOk());
  files_.lost = "events.log";
  log_.reset();
  EXPECT_THAT(EventLog::Open(files_, path_, dispatcher_),
              FailsWith(absl::StatusCode::kNotFound, ""));
  files_.lost = "";
  Reopen();
  EXPECT_THAT(From(1), ElementsAre("1:a", "2:b"));
}

TEST_F(EventLogTest, RemembersTheHighestWorkerSequence) {
  ASSERT_THAT(log_->Append({Line("a", 1), Line("server's own"), Line("b", 2)}), IsOk());
  EXPECT_EQ(log_->last_worker_sequence(), 2);
  Reopen();
  EXPECT_EQ(log_->last_worker_sequence(), 2);
}

TEST_F(EventLogTest, ReadsFromEveryNumberOfALongLog) {
  std::vector<v1::Event> events;
  for (int i = 1; i <= 200; ++i) events.push_back(Line(absl::StrCat("e", i)));
  ASSERT_THAT(log_->Append(events), IsOk());
  for (const bool reopened : {false, true}) {
    if (reopened) Reopen();
    for (int64_t from = 1; from <= 200; ++from) {
      const auto found = From(from);
      ASSERT_EQ(found.size(), static_cast<size_t>(201 - from));
      EXPECT_EQ(found.front(), absl::StrCat(from, ":e", from));
    }
    EXPECT_THAT(From(201), IsEmpty());
  }
}

TEST_F(EventLogTest, ACursorBeyondTheEndWaitsForItsEvent) {
  ASSERT_THAT(log_->Append({Line("a")}), IsOk());
  EventCursor cursor = log_->CursorAt(3);
  v1::Event event;
  EXPECT_FALSE(*log_->Read(&cursor, &event));
  ASSERT_THAT(log_->Append({Line("b")}), IsOk());
  EXPECT_FALSE(*log_->Read(&cursor, &event));
  ASSERT_THAT(log_->Append({Line("c")}), IsOk());
  ASSERT_TRUE(*log_->Read(&cursor, &event));
  EXPECT_EQ(event.number(), 3);
}

TEST_F(EventLogTest, WakesListenersAfterAppending) {
  const auto listener = std::make_shared<Listener>();
  log_->AddListener(listener);
  ASSERT_THAT(log_->Append({Line("a")}), IsOk());
  listener->woken.WaitForNotification();
  EXPECT_THAT(From(1), ElementsAre("1:a"));
}

TEST_F(EventLogTest, ListenersMayGoAtAnyTime) {
  for (int i = 0; i < 100; ++i) log_->AddListener(std::make_shared<Listener>());
  const auto listener = std::make_shared<Listener>();
  log_->AddListener(listener);
  ASSERT_THAT(log_->Append({Line("a")}), IsOk());
  listener->woken.WaitForNotification();
}

TEST_F(EventLogTest, CutsOffATornTail) {
  ASSERT_THAT(log_->Append({Line("a"), Line("b")}), IsOk());
  log_.reset();
  const int64_t size = *FileSize(path_);
  std::filesystem::resize_file(path_, static_cast<size_t>(size - 1));
  Reopen();
  EXPECT_THAT(From(1), ElementsAre("1:a"));
  ASSERT_THAT(log_->Append({Line("again")}), IsOk());
  EXPECT_THAT(From(1), ElementsAre("1:a", "2:again"));
}

// Whatever bit of a record that is not the last.
// A worker can write the log of its job.
TEST_F(EventLogTest, APackedEventThatDoesNotFitIsDamage) {
  ASSERT_THAT(log_->Append({Line("a")}), IsOk());
  log_.reset();
  v1::Event hostile;
  hostile.set_number(2);
  hostile.mutable_packed()->set_rounds(1000);
  hostile.mutable_packed()->add_first()->mutable_epoch_started()->set_epoch(1);
  hostile.mutable_packed()->add_columns()->add_fields()->set_event(7);
  {
    const auto writer = RecordLogWriter::Open(files_, path_);
    ASSERT_THAT(writer, IsOk());
    ASSERT_THAT((*writer)->Append(hostile.SerializeAsString()), IsOk());
  }
  Reopen();
  EXPECT_THAT(From(1), ElementsAre("1:a"));
  EXPECT_NE(log_->set_aside(), "");
}

TEST_F(EventLogTest, DamageIsSetAsideAndTheLogGoesOnBeforeIt) {
  ASSERT_THAT(log_->Append({Line("a")}), IsOk());
  const auto first = static_cast<size_t>(log_->bytes());
  ASSERT_THAT(log_->Append({Line("b")}), IsOk());
  const auto second = static_cast<size_t>(log_->bytes());
  ASSERT_THAT(log_->Append({Line("c")}), IsOk());
  const std::string whole = *files_.Read(path_, 1 << 20);
  for (size_t at = first; at < second; ++at) {
    SCOPED_TRACE(at);
    std::string content = whole;
    content[at] ^= 1;
    ASSERT_THAT(WriteFileAtomically(files_, path_, content), IsOk());
    Reopen();
    EXPECT_THAT(From(1), ElementsAre("1:a"));
    const std::string aside = absl::StrCat(path_, ".damaged-", at - first + 1);
    EXPECT_NE(log_->set_aside().find("events from 2 on were damaged"), std::string::npos);
    EXPECT_NE(log_->set_aside().find(aside), std::string::npos);
    EXPECT_EQ(*files_.Read(aside, 1 << 20), content.substr(first));
    EXPECT_TRUE(log_->may_lack_events());
    ASSERT_THAT(log_->Append({Line("new")}), IsOk());
    Reopen();
    EXPECT_THAT(From(1), ElementsAre("1:a", "2:new"));
    EXPECT_EQ(log_->set_aside(), "");
    EXPECT_TRUE(log_->may_lack_events()) << "also after a restart";
  }
}

TEST_F(EventLogTest, ALogThatWasNeverDamagedLacksNothing) {
  ASSERT_THAT(log_->Append({Line("a"), Line("b")}), IsOk());
  std::filesystem::resize_file(path_, static_cast<size_t>(*FileSize(path_) - 1));
  Reopen();
  EXPECT_FALSE(log_->may_lack_events());
  EXPECT_EQ(log_->set_aside(), "");
}

TEST_F(EventLogTest, DamageThatIsKeptIsToldAfterWhatIsGood) {
  ASSERT_THAT(log_->Append({Line("a")}), IsOk());
  const auto first = static_cast<size_t>(log_->bytes());
  ASSERT_THAT(log_->Append({Line("b"), Line("c")}), IsOk());
  std::string content = *files_.Read(path_, 1 << 20);
  content[first] ^= 1;
  ASSERT_THAT(WriteFileAtomically(files_, path_, content), IsOk());
  const auto log = EventLog::Open(files_, path_, dispatcher_, EventLog::Damage::kKeep);
  ASSERT_THAT(log, IsOk());
  EventCursor cursor = (*log)->CursorAt(1);
  v1::Event event;
  EXPECT_TRUE(*(*log)->Read(&cursor, &event));
  const auto damaged = FailsWith(absl::StatusCode::kDataLoss, absl::StrCat("offset ", first));
  EXPECT_THAT((*log)->Read(&cursor, &event), damaged);
  EXPECT_THAT((*log)->damage(), damaged);
  EXPECT_THAT((*log)->Append({Line("d")}), damaged);
  EXPECT_EQ(*files_.Read(path_, 1 << 20), content);
}

TEST_F(EventLogTest, AFullDiskLeavesTheLogAsItWas) {
  ASSERT_THAT(log_->Append({Line("a")}), IsOk());
  files_.full = true;
  EXPECT_THAT(log_->Append({Line("lost", 1)}),
              FailsWith(absl::StatusCode::kResourceExhausted, "no space"));
  EXPECT_THAT(From(1), ElementsAre("1:a"));
  files_.full = false;
  ASSERT_THAT(log_->Append({Line("b", 1)}), IsOk());
  EXPECT_THAT(From(1), ElementsAre("1:a", "2:b"));
  Reopen();
  EXPECT_THAT(From(1), ElementsAre("1:a", "2:b"));
}

TEST_F(EventLogTest, AfterAFailedSyncNothingMoreIsAppended) {
  files_.fail_syncs = true;
  EXPECT_THAT(log_->Append({Line("a")}), FailsWith(absl::StatusCode::kUnavailable, "restart kurd"));
  files_.fail_syncs = false;
  EXPECT_THAT(log_->Append({Line("b")}), FailsWith(absl::StatusCode::kUnavailable, "restart kurd"));
  EXPECT_THAT(From(1), IsEmpty()) << "nobody may see an event that is not durable";
}

TEST_F(EventLogTest, EndsWithAFinalState) {
  v1::Event event;
  event.mutable_state_changed()->set_state(v1::JOB_STATE_RUNNING);
  ASSERT_THAT(log_->Append({event}), IsOk());
  EXPECT_FALSE(log_->ended());
  event.mutable_state_changed()->set_state(v1::JOB_STATE_FAILED);
  ASSERT_THAT(log_->Append({event}), IsOk());
  EXPECT_TRUE(log_->ended());
  Reopen();
  EXPECT_TRUE(log_->ended());
}

}  // namespace
}  // namespace kur::server
