#include "server/jobs/ended_logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kur/v1/worker.pb.h"
#include "tests/server/testing/failing_file_system.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

class EndedLogsTest : public ::testing::Test {
 protected:
  JobRecord Ended(const std::string& name) {
    JobRecord record;
    record.name = name;
    record.state = v1::JOB_STATE_SUCCEEDED;
    record.finished_at = absl::FromUnixSeconds(100);
    return record;
  }

  void Write(const std::string& content) {
    ASSERT_THAT(WriteFileAtomically(files_, layout_.Events("a-1"), content), IsOk());
  }

  // Reads a log; `read_` is the number of the last event.
  absl::Status ReadAll() {
    read_ = 0;
    const auto log = logs_.Open(Ended("a-1"));
    EXPECT_THAT(log, IsOk());
    if (!log.ok()) return log.status();
    EventCursor cursor = (*log)->CursorAt(1);
    v1::Event event;
    while (true) {
      const auto more = (*log)->Read(&cursor, &event);
      if (!more.ok() || !*more) return more.status();
      read_ = event.number();
    }
  }

  int64_t read_ = 0;
  TemporaryDirectory directory_;
  FailingFileSystem files_;
  StateLayout layout_{directory_.path()};
  EventDispatcher dispatcher_;
  EndedLogs logs_{files_, layout_, dispatcher_};
};

TEST_F(EndedLogsTest, ALogEndsWithTheFinalState) {
  const auto log = logs_.Open(Ended("a-1"));
  ASSERT_THAT(log, IsOk());
  EXPECT_TRUE((*log)->ended());
  EventCursor cursor = (*log)->CursorAt(1);
  v1::Event event;
  v1::Event last;
  while ((*log)->Read(&cursor, &event).value_or(false)) last = event;
  EXPECT_EQ(last.state_changed().state(), v1::JOB_STATE_SUCCEEDED);
}

TEST_F(EndedLogsTest, ReadersOfOneJobShareItsLog) {
  const auto first = logs_.Open(Ended("a-1"));
  const auto second = logs_.Open(Ended("a-1"));
  const auto other = logs_.Open(Ended("a-2"));
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  ASSERT_THAT(other, IsOk());
  EXPECT_EQ(*first, *second);
  EXPECT_NE(*first, *other);
}

TEST_F(EndedLogsTest, TheLogIsClosedWithItsLastReader) {
  std::weak_ptr<EventLog> closed;
  {
    const auto log = logs_.Open(Ended("a-1"));
    ASSERT_THAT(log, IsOk());
    closed = *log;
  }
  EXPECT_TRUE(closed.expired());
  EXPECT_THAT(logs_.Open(Ended("a-1")), IsOk());
}

TEST_F(EndedLogsTest, ADamagedLogIsReadUpToTheDamageAndLeftAsItIs) {
  ASSERT_THAT(logs_.Open(Ended("a-1")), IsOk());
  const std::string whole = *files_.Read(layout_.Events("a-1"), 1 << 20);
  const size_t second = whole.size() / 2;
  for (size_t at = second; at < whole.size(); ++at) {
    SCOPED_TRACE(at);
    std::string damaged = whole + whole;
    damaged[at] ^= 1;
    Write(damaged);
    EXPECT_THAT(ReadAll(), FailsWith(absl::StatusCode::kDataLoss, "events.log"));
    EXPECT_LE(read_, 1);
    EXPECT_EQ(*files_.Read(layout_.Events("a-1"), 1 << 20), damaged);
  }
}

TEST_F(EndedLogsTest, ALogThatLacksEventsOfTheWorkerIsDamagedAndLeftAsItIs) {
  ASSERT_THAT(files_.MakeDirectories(layout_.Run("a-1")), IsOk());
  {
    const auto log = EventLog::Open(files_, layout_.Events("a-1"), dispatcher_);
    ASSERT_THAT(log, IsOk());
    std::vector<v1::Event> events(3);
    for (size_t i = 0; i < events.size(); ++i) {
      events[i].set_worker_sequence(static_cast<int64_t>(i) + 1);
      events[i].mutable_log_line()->set_text("a line");
    }
    ASSERT_THAT((*log)->Append(events), IsOk());
  }
  v1::Outcome outcome;
  outcome.set_state(v1::JOB_STATE_SUCCEEDED);
  outcome.set_last_sequence(3);
  ASSERT_THAT(
      WriteFileAtomically(files_, layout_.Run("a-1") + "/outcome.pb", outcome.SerializeAsString()),
      IsOk());
  const std::string whole = *files_.Read(layout_.Events("a-1"), 1 << 20);
  for (size_t size = whole.size() / 2; size < whole.size(); ++size) {
    Write(whole.substr(0, size));
    EXPECT_THAT(ReadAll(), FailsWith(absl::StatusCode::kDataLoss, "lacks"));
    EXPECT_EQ(read_, size < 2 * whole.size() / 3 ? 1 : 2);
    EXPECT_EQ(*FileSize(layout_.Events("a-1")), static_cast<int64_t>(size));
  }
  Write(whole);
  EXPECT_THAT(ReadAll(), IsOk());
  EXPECT_EQ(read_, 5) << "the end of the job was announced, as after a crash";
}

TEST_F(EndedLogsTest, AnAnnouncementThatACrashHasTornIsMadeAgain) {
  ASSERT_THAT(logs_.Open(Ended("a-1")), IsOk());
  const std::string whole = *files_.Read(layout_.Events("a-1"), 1 << 20);
  Write(whole.substr(0, whole.size() - 3));
  EXPECT_THAT(ReadAll(), IsOk());
  EXPECT_EQ(read_, 2);
}

}  // namespace
}  // namespace kur::server
