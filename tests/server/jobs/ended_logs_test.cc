#include "server/jobs/ended_logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

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

TEST_F(EndedLogsTest, ADamagedLogIsSaidToBeDamaged) {
  ASSERT_THAT(logs_.Open(Ended("a-1")), IsOk());
  const std::string path = layout_.Events("a-1");
  std::string content = *files_.Read(path, 1 << 20);
  content[10] ^= 1;
  ASSERT_THAT(WriteFileAtomically(files_, path, content), IsOk());
  EXPECT_EQ(logs_.Open(Ended("a-1")).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace kur::server
