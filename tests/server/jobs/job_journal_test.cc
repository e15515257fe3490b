#include "server/jobs/job_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

using ::testing::ElementsAre;

class JobJournalTest : public ::testing::Test {
 protected:
  // The states that the log announces, after opening it for `record_`.
  std::vector<v1::JobState> StatesAfterOpening() {
    const auto journal = JobJournal::Open(
        FileSystem::Posix(), directory_.File("runs/a-1/events.log"), dispatcher_, record_);
    EXPECT_THAT(journal, IsOk());
    std::vector<v1::JobState> states;
    if (!journal.ok()) return states;
    EventCursor cursor;
    v1::Event event;
    while ((*journal)->log()->Read(&cursor, &event).value_or(false)) {
      states.push_back(event.state_changed().state());
    }
    return states;
  }

  TemporaryDirectory directory_;
  EventDispatcher dispatcher_;
  JobRecord record_;
};

TEST_F(JobJournalTest, ANewLogBeginsWithQueued) {
  EXPECT_THAT(StatesAfterOpening(), ElementsAre(v1::JOB_STATE_QUEUED));
}

TEST_F(JobJournalTest, OpeningTwiceAnnouncesOnce) {
  StatesAfterOpening();
  EXPECT_THAT(StatesAfterOpening(), ElementsAre(v1::JOB_STATE_QUEUED));
}

TEST_F(JobJournalTest, AnnouncesAStateThatACrashHasKeptFromTheLog) {
  StatesAfterOpening();
  record_.state = v1::JOB_STATE_STARTING;
  record_.attempts = 1;
  EXPECT_THAT(StatesAfterOpening(), ElementsAre(v1::JOB_STATE_QUEUED, v1::JOB_STATE_STARTING));
  record_.state = v1::JOB_STATE_FAILED;
  StatesAfterOpening();
  EXPECT_THAT(StatesAfterOpening(),
              ElementsAre(v1::JOB_STATE_QUEUED, v1::JOB_STATE_STARTING, v1::JOB_STATE_FAILED));
}

TEST_F(JobJournalTest, AnnouncesEveryAttempt) {
  record_.state = v1::JOB_STATE_STARTING;
  record_.attempts = 1;
  StatesAfterOpening();
  record_.attempts = 2;
  EXPECT_THAT(StatesAfterOpening(),
              ElementsAre(v1::JOB_STATE_QUEUED, v1::JOB_STATE_STARTING, v1::JOB_STATE_STARTING));
}

}  // namespace
}  // namespace kur::server
