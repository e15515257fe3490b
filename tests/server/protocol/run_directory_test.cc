#include "server/protocol/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/record_log.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/failing_file_system.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

int64_t ModeOf(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? info.st_mode & 0777 : -1;
}

std::vector<v1::SourceFile> Sources() {
  std::vector<v1::SourceFile> sources(2);
  sources[0].set_path("cifar.yml");
  sources[0].set_content("include: parts/model.yml\n");
  sources[1].set_path("parts/model.yml");
  sources[1].set_content("model: []\n");
  return sources;
}

v1::WorkerSpec Spec() {
  v1::WorkerSpec spec;
  spec.set_job("cifar-7");
  spec.set_secret("opensesame");
  return spec;
}

class RunDirectoryTest : public ::testing::Test {
 protected:
  absl::Status Prepare() { return run_.Prepare(Sources(), Spec()); }

  void Spool(const std::vector<std::string>& records) {
    auto log = RecordLogWriter::Open(FileSystem::Posix(), folder_.File("run/spool.log"));
    ASSERT_THAT(log, IsOk());
    for (const std::string& record : records) ASSERT_THAT((*log)->Append(record), IsOk());
  }
  void SpoolSequences(const std::vector<int64_t>& sequences) {
    std::vector<std::string> records;
    for (const int64_t sequence : sequences) {
      v1::Event event;
      event.set_worker_sequence(sequence);
      event.mutable_log_line()->set_text("epoch");
      records.push_back(event.SerializeAsString());
    }
    Spool(records);
  }
  std::vector<int64_t> SpooledAfter(int64_t sequence, bool may_begin_later = false) {
    std::vector<int64_t> sequences;
    SpooledEvents spooled = run_.SpooledAfter(sequence, may_begin_later);
    for (auto events = spooled.Next(); !events.empty(); events = spooled.Next()) {
      ++pieces_;
      for (const v1::Event& event : events) sequences.push_back(event.worker_sequence());
    }
    trouble_ = spooled.trouble();
    return sequences;
  }

  int pieces_ = 0;
  std::string trouble_;
  TemporaryDirectory folder_;
  RunDirectory run_{FileSystem::Posix(), folder_.File("run")};
};

TEST_F(RunDirectoryTest, PrepareLaysOutWhatAWorkerReads) {
  ASSERT_THAT(Prepare(), IsOk());
  EXPECT_EQ(folder_.Read("run/source/cifar.yml"), "include: parts/model.yml\n");
  EXPECT_EQ(folder_.Read("run/source/parts/model.yml"), "model: []\n");
  EXPECT_EQ(folder_.Read("run/job.pb"), Spec().SerializeAsString());
  EXPECT_TRUE(IsDirectory(folder_.File("run/artifacts")));
}

TEST_F(RunDirectoryTest, WhatPrepareWritesIsClosedToOtherUsers) {
  ASSERT_THAT(Prepare(), IsOk());
  for (const char* directory : {"run", "run/source", "run/source/parts", "run/artifacts"}) {
    EXPECT_EQ(ModeOf(folder_.File(directory)), 0700) << directory;
  }
  for (const char* file : {"run/job.pb", "run/source/cifar.yml", "run/source/parts/model.yml"}) {
    EXPECT_EQ(ModeOf(folder_.File(file)), 0600) << file;
  }
}

TEST_F(RunDirectoryTest, PrepareAgainRemovesTheOutcomeOfTheWorkerBeforeAndKeepsTheRest) {
  ASSERT_THAT(Prepare(), IsOk());
  folder_.Write("run/outcome.pb", "");
  folder_.Write("run/artifacts/last.kur", "weights");
  folder_.Write("run/source/cifar.yml", "damaged, and longer than what belongs there\n");
  SpoolSequences({1});
  ASSERT_THAT(Prepare(), IsOk());
  EXPECT_FALSE(Exists(folder_.File("run/outcome.pb")));
  EXPECT_EQ(folder_.Read("run/artifacts/last.kur"), "weights");
  EXPECT_EQ(folder_.Read("run/source/cifar.yml"), "include: parts/model.yml\n");
  EXPECT_THAT(SpooledAfter(0), ElementsAre(1));
}

TEST_F(RunDirectoryTest, KnowsWhetherItHasMovedSinceItsWorkerWasStarted) {
  EXPECT_FALSE(run_.WasMoved()) << "it has no worker";
  v1::WorkerSpec spec = Spec();
  spec.set_run_directory(folder_.File("run"));
  ASSERT_THAT(run_.Prepare(Sources(), spec), IsOk());
  EXPECT_FALSE(run_.WasMoved());
  std::filesystem::create_directory_symlink(folder_.path(), folder_.File("link"));
  EXPECT_FALSE(RunDirectory(FileSystem::Posix(), folder_.File("link/run")).WasMoved())
      << "another name of the same place";
  std::filesystem::rename(folder_.File("run"), folder_.File("moved"));
  RunDirectory moved(FileSystem::Posix(), folder_.File("moved"));
  EXPECT_TRUE(moved.WasMoved());
  std::filesystem::create_directory(folder_.File("run"));
  EXPECT_TRUE(moved.WasMoved()) << "something else has the old name";
}

TEST_F(RunDirectoryTest, PrepareReportsAnOutcomeThatCannotBeRemoved) {
  ASSERT_THAT(FileSystem::Posix().MakeDirectories(folder_.File("run/outcome.pb")), IsOk());
  EXPECT_FALSE(Prepare().ok());
}

TEST_F(RunDirectoryTest, PrepareReportsEveryFailureThatLeavesSomethingOut) {
  const auto prepare = [](kur::testing::FailingFileSystem& files, bool* complete) {
    const TemporaryDirectory folder;
    const absl::Status status = RunDirectory(files, folder.File("run")).Prepare(Sources(), Spec());
    *complete = folder.Read("run/job.pb") == Spec().SerializeAsString();
    for (const v1::SourceFile& source : Sources()) {
      *complete = *complete && folder.Read("run/source/" + source.path()) == source.content();
    }
    return status;
  };
  bool complete = false;
  kur::testing::FailingFileSystem never(-1);
  ASSERT_THAT(prepare(never, &complete), IsOk());
  ASSERT_TRUE(complete);
  int failures = 0;
  for (int call = 0; call < never.calls(); ++call) {
    kur::testing::FailingFileSystem files(call);
    const absl::Status status = prepare(files, &complete);
    EXPECT_TRUE(complete || !status.ok()) << "call " << call;
    failures += status.ok() ? 0 : 1;
  }
  EXPECT_GT(failures, 10);
}

TEST_F(RunDirectoryTest, PrepareRefusesASourceThatIsAFolderOfAnother) {
  std::vector<v1::SourceFile> sources(2);
  sources[0].set_path("model");
  sources[1].set_path("model/layers.yml");
  EXPECT_FALSE(run_.Prepare(sources, Spec()).ok());
}

TEST_F(RunDirectoryTest, OutcomeIsWhatTheWorkerLeft) {
  v1::Outcome outcome;
  outcome.set_state(v1::JOB_STATE_FAILED);
  outcome.set_reason("the loss is not a number");
  outcome.set_last_sequence(41);
  folder_.Write("run/outcome.pb", outcome.SerializeAsString());
  const auto found = run_.Outcome();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->SerializeAsString(), outcome.SerializeAsString());
}

TEST_F(RunDirectoryTest, ThereIsNoOutcomeWithoutAFileThatCanBeRead) {
  EXPECT_FALSE(run_.Outcome().has_value());
  v1::Outcome outcome;
  outcome.set_reason("the loss is not a number");
  const std::string bytes = outcome.SerializeAsString();
  folder_.Write("run/outcome.pb", bytes.substr(0, bytes.size() - 1));
  EXPECT_FALSE(run_.Outcome().has_value());
  folder_.Write("run/outcome.pb", "\xff\xff\xff\xff");
  EXPECT_FALSE(run_.Outcome().has_value());
  outcome.set_reason(std::string(2 << 20, 'x'));
  folder_.Write("run/outcome.pb", outcome.SerializeAsString());
  EXPECT_FALSE(run_.Outcome().has_value()) << "more than a worker ever writes";
}

TEST_F(RunDirectoryTest, SpooledEventsFollowTheGivenSequence) {
  folder_.Write("run/source/x", "");
  EXPECT_THAT(SpooledAfter(0), IsEmpty()) << "no spool yet";
  SpoolSequences({3, 4, 5, 6});
  EXPECT_THAT(SpooledAfter(2), ElementsAre(3, 4, 5, 6));
  EXPECT_THAT(SpooledAfter(4), ElementsAre(5, 6));
  EXPECT_THAT(SpooledAfter(6), IsEmpty());
  EXPECT_THAT(SpooledAfter(1), IsEmpty()) << "event 2 is missing";
}

TEST_F(RunDirectoryTest, SpooledEventsEndBeforeAGap) {
  folder_.Write("run/source/x", "");
  SpoolSequences({1, 2, 4, 5});
  EXPECT_THAT(SpooledAfter(0), ElementsAre(1, 2));
  EXPECT_THAT(SpooledAfter(3), ElementsAre(4, 5));
}

TEST_F(RunDirectoryTest, WhereEventsAreKnownToBeLostSpooledOnesMayBeginLater) {
  folder_.Write("run/source/x", "");
  SpoolSequences({4, 5, 7});
  EXPECT_THAT(SpooledAfter(1, /*may_begin_later=*/true), ElementsAre(4, 5));
  EXPECT_EQ(trouble_, "event 7 follows on 5");
}

// A worker can make a file of zeros of any size, which takes no space.
TEST_F(RunDirectoryTest, ZerosAreNoSpooledEvents) {
  folder_.Write("run/spool.log", std::string(1 << 10, '\0'));
  EXPECT_THAT(SpooledAfter(0), IsEmpty());
  EXPECT_EQ(trouble_, "");
}

TEST_F(RunDirectoryTest, ARecordWithoutContentIsNoSpooledEvent) {
  folder_.Write("run/source/x", "");
  Spool({""});
  EXPECT_THAT(SpooledAfter(0), IsEmpty());
  EXPECT_THAT(trouble_, HasSubstr("is no event"));
}

TEST_F(RunDirectoryTest, ATailIsAlwaysUtf8) {
  folder_.Write("run/worker.log", "caf\xe9 \xc3\xa9\n");
  EXPECT_EQ(run_.LogTail(100), "caf\xef\xbf\xbd \xc3\xa9\n");
  folder_.Write("run/worker.log", "caf\xc3\xa9");
  EXPECT_EQ(run_.LogTail(1), "\xef\xbf\xbd") << "cut within a character";
}

TEST_F(RunDirectoryTest, ALogThatFitsIsItsOwnTail) {
  folder_.Write("run/worker.log", "first\nsecond\n");
  EXPECT_EQ(run_.LogTail(13), "first\nsecond\n");
  EXPECT_EQ(run_.LogTail(1000), "first\nsecond\n");
}

TEST_F(RunDirectoryTest, TheTailOfALongLogBeginsWithALine) {
  folder_.Write("run/worker.log", "first\nsecond\nthird");
  EXPECT_EQ(run_.LogTail(17), "second\nthird");
  EXPECT_EQ(run_.LogTail(8), "third");
}

TEST_F(RunDirectoryTest, TheTailOfALongLineIsItsEnd) {
  folder_.Write("run/worker.log", "terminate called");
  EXPECT_EQ(run_.LogTail(6), "called");
}

TEST_F(RunDirectoryTest, ThereIsNoTailWithoutALog) {
  EXPECT_EQ(run_.LogTail(100), "");
  folder_.Write("run/worker.log", "");
  EXPECT_EQ(run_.LogTail(100), "");
  folder_.Write("run/worker.log", "first\n");
  EXPECT_EQ(run_.LogTail(0), "");
}

}  // namespace
}  // namespace kur::server
