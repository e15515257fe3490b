#include "server/store/job_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/file_system.h"
#include "server/store/schema.h"
#include "tests/server/testing/failing_vfs.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class JobStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }
  void TearDown() override {
    FailingVfs::fail_syncs = false;
    FailingVfs::fail_writes = false;
    FailingVfs::full_with.clear();
  }

  void Reopen() {
    Close();
    auto database = StateDatabase::Open(directory_.File("kurd.db"), FailingVfs::Name());
    ASSERT_THAT(database, IsOk());
    database_ = *std::move(database);
    store_ = std::make_unique<JobStore>(*database_);
  }

  void Close() {
    store_.reset();
    database_.reset();
  }

  NewJob Job(const std::string& request_id, const std::string& owner = "ann") {
    NewJob job;
    job.base_name = "cifar";
    job.owner = owner;
    job.project = "default";
    job.request_id = request_id;
    job.submitted_at = absl::FromUnixMicros(1'700'000'000'123'456);
    job.frozen.set_kurfile("cifar.yml");
    job.frozen.set_seed(7);
    v1::SourceFile& source = job.sources.emplace_back();
    source.set_path("cifar.yml");
    source.set_content(std::string("a\0b", 3));
    return job;
  }

  absl::StatusOr<JobRecord> Insert(const NewJob& job) {
    bool inserted = false;
    return store_->Insert(job, &inserted);
  }

  std::string NameOfNew(const std::string& request_id, const std::string& owner = "ann") {
    const auto record = Insert(Job(request_id, owner));
    EXPECT_THAT(record, IsOk());
    return record.ok() ? record->name : "";
  }

  std::vector<std::string> Names(const std::vector<JobRecord>& jobs) {
    std::vector<std::string> names;
    for (const JobRecord& job : jobs) names.push_back(job.name);
    return names;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<StateDatabase> database_;
  std::unique_ptr<JobStore> store_;
};

TEST_F(JobStoreTest, KeepsEverythingAboutAJobAcrossReopening) {
  auto record = Insert(Job("r1"));
  ASSERT_THAT(record, IsOk());
  record->state = v1::JOB_STATE_RUNNING;
  record->reason = "why";
  record->started_at = absl::FromUnixMicros(5);
  record->attempts = 2;
  record->desired_state = DESIRED_STATE_END;
  record->devices = {"cuda0", "cuda1"};
  record->worker = "4711 99 boot";
  record->commands.set_last_id(3);
  record->commands.add_commands()->set_id(3);
  record->history.set_restarts(4);
  record->progress.emplace().set_epoch(3);
  ASSERT_THAT(store_->Update(*record), IsOk());
  Reopen();
  const auto found = store_->FindByName("cifar-1");
  ASSERT_THAT(found, IsOk());
  ASSERT_TRUE(found->has_value());
  const JobRecord& job = **found;
  EXPECT_EQ(job.owner, "ann");
  EXPECT_EQ(job.state, v1::JOB_STATE_RUNNING);
  EXPECT_EQ(job.reason, "why");
  EXPECT_EQ(job.submitted_at, absl::FromUnixMicros(1'700'000'000'123'456));
  EXPECT_EQ(job.started_at, absl::FromUnixMicros(5));
  EXPECT_FALSE(job.finished_at.has_value());
  EXPECT_EQ(job.attempts, 2);
  EXPECT_EQ(job.desired_state, DESIRED_STATE_END);
  EXPECT_THAT(job.devices, ElementsAre("cuda0", "cuda1"));
  EXPECT_EQ(job.worker, "4711 99 boot");
  EXPECT_EQ(job.commands.last_id(), 3);
  EXPECT_EQ(job.commands.commands_size(), 1);
  EXPECT_EQ(job.history.restarts(), 4);
  EXPECT_EQ(job.progress->epoch(), 3);
  EXPECT_EQ(job.frozen.seed(), 7u);
}

TEST_F(JobStoreTest, KeepsSourcesWithEveryByte) {
  const auto record = Insert(Job("r1"));
  ASSERT_THAT(record, IsOk());
  const auto sources = store_->Sources(record->id);
  ASSERT_THAT(sources, IsOk());
  ASSERT_EQ(sources->size(), 1u);
  EXPECT_EQ(sources->front().content(), std::string("a\0b", 3));
}

TEST_F(JobStoreTest, ARepeatedRequestIsTheSameJob) {
  bool inserted = false;
  const auto first = store_->Insert(Job("r1"), &inserted);
  EXPECT_TRUE(inserted);
  const auto second = store_->Insert(Job("r1"), &inserted);
  EXPECT_FALSE(inserted);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->name, first->name);
}

TEST_F(JobStoreTest, TheSameRequestOfAnotherOwnerIsAnotherJob) {
  EXPECT_EQ(NameOfNew("r1", "ann"), "cifar-1");
  EXPECT_EQ(NameOfNew("r1", "bob"), "cifar-2");
}

TEST_F(JobStoreTest, SimultaneousRepeatsAreOneJob) {
  std::vector<std::string> names(8);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < names.size(); ++i) {
    threads.emplace_back([this, &names, i] { names[i] = NameOfNew("same"); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(names, ::testing::Each("cifar-1"));
}

TEST_F(JobStoreTest, ADamagedRowDoesNotHideTheOthers) {
  ASSERT_THAT(Insert(Job("1")), IsOk());
  ASSERT_THAT(Insert(Job("2")), IsOk());
  Close();
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(directory_.File("kurd.db").c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, "UPDATE jobs SET frozen = x'ff' WHERE name = 'cifar-1'", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  Reopen();
  const auto unfinished = store_->Unfinished();
  ASSERT_THAT(unfinished, IsOk());
  ASSERT_EQ(unfinished->size(), 1U);
  EXPECT_EQ((*unfinished)[0].name, "cifar-2");
  JobFilter filter;
  filter.owner = "ann";
  const auto listed = store_->List(filter);
  ASSERT_THAT(listed, IsOk());
  EXPECT_EQ(listed->size(), 1U);
  EXPECT_THAT(store_->FindByName("cifar-1"),
              FailsWith(absl::StatusCode::kDataLoss, "damaged job cifar-1"));
}

TEST_F(JobStoreTest, NamesAreNeverUsedAgain) {
  EXPECT_EQ(NameOfNew("r1"), "cifar-1");
  Reopen();
  EXPECT_EQ(NameOfNew("r2"), "cifar-2");
}

TEST_F(JobStoreTest, ANumberTellsNothingOfHowOftenANameIsUsed) {
  NewJob secret = Job("r1");
  secret.base_name = "secret";
  bool inserted = false;
  EXPECT_EQ(store_->Insert(secret, &inserted)->name, "secret-1");
  EXPECT_EQ(NameOfNew("r2"), "cifar-2");
  secret.request_id = "r3";
  EXPECT_EQ(store_->Insert(secret, &inserted)->name, "secret-3");
}

TEST_F(JobStoreTest, AFinalStateNeverChanges) {
  auto record = Insert(Job("r1"));
  ASSERT_THAT(record, IsOk());
  record->state = v1::JOB_STATE_CANCELLED;
  ASSERT_THAT(store_->Update(*record), IsOk());
  record->state = v1::JOB_STATE_SUCCEEDED;
  EXPECT_THAT(store_->Update(*record),
              FailsWith(absl::StatusCode::kFailedPrecondition, "has ended"));
  EXPECT_EQ((*store_->FindByName("cifar-1"))->state, v1::JOB_STATE_CANCELLED);
}

TEST_F(JobStoreTest, PrefixesFindOnlyTheOwnersJobs) {
  NameOfNew("r1", "ann");
  NameOfNew("r2", "bob");
  NameOfNew("r3", "ann");
  const auto found = store_->FindByPrefix("ann", "ci", 10);
  ASSERT_THAT(found, IsOk());
  EXPECT_THAT(Names(*found), ElementsAre("cifar-1", "cifar-3"));
  EXPECT_THAT(*store_->FindByPrefix("ann", "cj", 10), IsEmpty());
}

TEST_F(JobStoreTest, ListsNewestFirstFilteredAndInPages) {
  for (const char* request : {"r1", "r2", "r3"}) NameOfNew(request);
  NameOfNew("r4", "bob");
  JobFilter filter;
  filter.owner = "ann";
  filter.limit = 2;
  auto page = store_->List(filter);
  ASSERT_THAT(page, IsOk());
  EXPECT_THAT(Names(*page), ElementsAre("cifar-3", "cifar-2"));
  filter.before_id = page->back().id;
  EXPECT_THAT(Names(*store_->List(filter)), ElementsAre("cifar-1"));
  filter.before_id = 0;
  filter.states = {v1::JOB_STATE_RUNNING};
  EXPECT_THAT(*store_->List(filter), IsEmpty());
  filter.states.clear();
  filter.project = "other";
  EXPECT_THAT(*store_->List(filter), IsEmpty());
}

TEST_F(JobStoreTest, UnfinishedJobsAreInOrderOfSubmission) {
  NameOfNew("r1");
  auto ended = Insert(Job("r2"));
  ASSERT_THAT(ended, IsOk());
  NameOfNew("r3");
  ended->state = v1::JOB_STATE_FAILED;
  ASSERT_THAT(store_->Update(*ended), IsOk());
  EXPECT_THAT(Names(*store_->Unfinished()), ElementsAre("cifar-1", "cifar-3"));
  EXPECT_THAT(*store_->CountByState(),
              UnorderedElementsAre(Pair(v1::JOB_STATE_QUEUED, 2), Pair(v1::JOB_STATE_FAILED, 1)));
}

TEST_F(JobStoreTest, AnArtifactIsReplacedByOneOfTheSamePath) {
  const auto record = Insert(Job("r1"));
  ASSERT_THAT(record, IsOk());
  v1::Artifact artifact;
  artifact.set_path("best.kur");
  artifact.set_size(1);
  artifact.mutable_written_at()->set_seconds(12);
  artifact.mutable_written_at()->set_nanos(345'000);
  ASSERT_THAT(store_->PutArtifacts(record->id, {artifact}), IsOk());
  artifact.set_size(2);
  ASSERT_THAT(store_->PutArtifacts(record->id, {artifact}), IsOk());
  const auto artifacts = store_->Artifacts(record->id);
  ASSERT_THAT(artifacts, IsOk());
  ASSERT_EQ(artifacts->size(), 1u);
  EXPECT_EQ(artifacts->front().SerializeAsString(), artifact.SerializeAsString());
}

TEST_F(JobStoreTest, AfterAFailedSyncNothingIsAcceptedUntilReopened) {
  FailingVfs::fail_syncs = true;
  EXPECT_THAT(Insert(Job("r1")), FailsWith(absl::StatusCode::kUnavailable, "restart kurd"));
  FailingVfs::fail_syncs = false;
  EXPECT_THAT(Insert(Job("r2")), FailsWith(absl::StatusCode::kUnavailable, "restart kurd"));
  EXPECT_THAT(database_->health(), FailsWith(absl::StatusCode::kUnavailable, "disk"));
  Reopen();
  EXPECT_THAT(Insert(Job("r3")), IsOk());
}

TEST_F(JobStoreTest, AFullDiskIsSaidAndRecoversWhenThereIsSpace) {
  FailingVfs::fail_writes = true;
  const absl::Status full = Insert(Job("r1")).status();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(full.message(), "the disk with the state directory is full; free some space");
  FailingVfs::fail_writes = false;
  EXPECT_EQ(NameOfNew("r1"), "cifar-1");
}

TEST_F(JobStoreTest, OnAFullDiskTheReserveLetsJobsEndAndAcceptsNone) {
  Close();
  const std::string reserve = directory_.File("reserve");
  auto database = StateDatabase::Open(directory_.File("kurd.db"), FailingVfs::Name(), reserve);
  ASSERT_THAT(database, IsOk());
  JobStore store(**database);
  bool inserted = false;
  auto job = store.Insert(Job("r1"), &inserted);
  ASSERT_THAT(job, IsOk());
  FailingVfs::full_with = reserve;
  FailingVfs::full_with_bytes = DiskReserve::kBytes;
  EXPECT_THAT(store.Insert(Job("r2"), &inserted),
              FailsWith(absl::StatusCode::kResourceExhausted, "full"));
  job->state = v1::JOB_STATE_STARTING;
  EXPECT_THAT(store.Update(*job), FailsWith(absl::StatusCode::kResourceExhausted, "full"));
  EXPECT_EQ(*FileSize(reserve), DiskReserve::kBytes);
  job->state = v1::JOB_STATE_CANCELLED;
  EXPECT_THAT(store.Update(*job), IsOk());
  EXPECT_EQ(*FileSize(reserve), DiskReserve::kBytes) << "the disk is not really full";
}

TEST_F(JobStoreTest, NoStatementOfSqlIsShownToPeople) {
  ASSERT_THAT(Insert(Job("r1")), IsOk());
  for (bool* fault : {&FailingVfs::fail_writes, &FailingVfs::fail_syncs}) {
    *fault = true;
    const absl::Status status = Insert(Job("r2")).status();
    *fault = false;
    EXPECT_FALSE(status.ok());
    for (const char* word : {"INSERT", "BEGIN", "COMMIT", "disk I/O", "SQL"}) {
      EXPECT_THAT(std::string(status.message()), Not(HasSubstr(word)));
    }
  }
}

// What a kurd of before has left: SQLite's own tool makes it.
TEST_F(JobStoreTest, ADatabaseOfAnOlderKurdIsUpgraded) {
  NameOfNew("r1");
  NameOfNew("r2");
  Close();
  sqlite3* older = nullptr;
  ASSERT_EQ(sqlite3_open(directory_.File("kurd.db").c_str(), &older), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(older, R"sql(
    DROP TABLE secrets;
    ALTER TABLE jobs DROP COLUMN worker;
    ALTER TABLE jobs DROP COLUMN desired_state;
    ALTER TABLE jobs DROP COLUMN commands;
    ALTER TABLE jobs DROP COLUMN history;
    ALTER TABLE jobs ADD COLUMN cancel_requested INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN worker_pid INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN worker_start_ticks INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN worker_boot_id TEXT NOT NULL DEFAULT '';
    UPDATE jobs SET cancel_requested = 1, worker_pid = 4711, worker_start_ticks = 99,
      worker_boot_id = 'boot' WHERE name = 'cifar-1';
    CREATE TABLE name_counters (base TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
    PRAGMA user_version = 1;)sql",
                         nullptr, nullptr, nullptr),
            SQLITE_OK)
      << sqlite3_errmsg(older);
  sqlite3_close(older);
  Reopen();
  const auto first = store_->FindByName("cifar-1");
  ASSERT_TRUE(first.ok() && first->has_value()) << first.status();
  EXPECT_EQ((*first)->worker, "4711 99 boot");
  EXPECT_EQ((*first)->desired_state, DESIRED_STATE_END);
  const auto second = store_->FindByName("cifar-2");
  ASSERT_TRUE(second.ok() && second->has_value()) << second.status();
  EXPECT_EQ((*second)->worker, "");
  EXPECT_EQ((*second)->desired_state, DESIRED_STATE_RUN);
  EXPECT_EQ(NameOfNew("r3"), "cifar-3");
}

TEST_F(JobStoreTest, RefusesADatabaseOfANewerKurdUntouched) {
  Close();
  const std::string path = directory_.File("newer.db");
  {
    const auto database = SqlDatabase::Open(path);
    ASSERT_THAT(database, IsOk());
    ASSERT_THAT((*database)->Execute("PRAGMA user_version = 1000"), IsOk());
  }
  const std::string before = *FileSystem::Posix().Read(path);
  EXPECT_THAT(StateDatabase::Open(path),
              FailsWith(absl::StatusCode::kFailedPrecondition, "newer kurd"));
  EXPECT_EQ(*FileSystem::Posix().Read(path), before);
}

TEST_F(JobStoreTest, SaysThatAFileIsNotADatabase) {
  const std::string path = directory_.File("damaged.db");
  ASSERT_THAT(WriteFileAtomically(FileSystem::Posix(), path, std::string(4096, 'x')), IsOk());
  EXPECT_THAT(StateDatabase::Open(path), FailsWith(absl::StatusCode::kDataLoss, "database"));
}

}  // namespace
}  // namespace kur::server
