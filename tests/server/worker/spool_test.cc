#include "server/worker/spool.h"

#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/file_system.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/failing_file_system.h"
#include "tests/testing/temporary_directory.h"

namespace kur::worker {
namespace {

using kur::TemporaryDirectory;
using kur::testing::FailingFileSystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Event Line(const std::string& text) {
  v1::Event event;
  event.mutable_log_line()->set_text(text);
  return event;
}

v1::Event Megabyte() { return Line(std::string(1 << 20, 'x')); }

std::vector<int64_t> Numbers(const std::vector<v1::Event>& events) {
  std::vector<int64_t> numbers;
  for (const v1::Event& event : events) numbers.push_back(event.worker_sequence());
  return numbers;
}

class SpoolTest : public ::testing::Test {
 protected:
  static constexpr int kMany = 1000;

  std::string Path() const { return dir_.path() + "/spool"; }

  std::unique_ptr<Spool> Open(FileSystem& files = FileSystem::Posix()) const {
    auto spool = Spool::Open(files, Path());
    EXPECT_TRUE(spool.ok()) << spool.status();
    return spool.ok() ? *std::move(spool) : nullptr;
  }

  // What can be read at once.
  static std::vector<v1::Event> ReadNow(Spool& spool, int64_t after, int most = kMany) {
    return spool.Read(after, most, absl::ZeroDuration());
  }

  TemporaryDirectory dir_;
};

TEST_F(SpoolTest, NumbersEventsFromOneAndStampsThem) {
  const auto spool = Open();
  EXPECT_EQ(spool->last_sequence(), 0);
  v1::Event stamped = Line("b");
  stamped.mutable_time()->set_seconds(17);
  stamped.set_worker_sequence(99);  // the spool knows better
  ASSERT_TRUE(spool->Append(Line("a")).ok());
  ASSERT_TRUE(spool->Append(stamped).ok());
  EXPECT_EQ(spool->last_sequence(), 2);
  const auto events = ReadNow(*spool, 0);
  EXPECT_THAT(Numbers(events), ElementsAre(1, 2));
  EXPECT_EQ(events[0].log_line().text(), "a");
  EXPECT_GT(events[0].time().seconds(), 1'000'000'000);
  EXPECT_EQ(events[1].time().seconds(), 17);
}

TEST_F(SpoolTest, GoesOnCountingWhereItEnded) {
  ASSERT_TRUE(Open()->Append(Line("a")).ok());
  ASSERT_TRUE(Open()->Append(Line("b")).ok());
  const auto spool = Open();
  EXPECT_EQ(spool->last_sequence(), 2);
  EXPECT_THAT(Numbers(ReadNow(*spool, 0)), ElementsAre(1, 2));
}

TEST_F(SpoolTest, KnowsAfterARestartWhichCommandsAreDone) {
  v1::Event done;
  done.mutable_command_done()->set_id(7);
  const auto before = Open();
  EXPECT_EQ(before->last_command_done(), 0);
  ASSERT_TRUE(before->Append(done).ok());
  ASSERT_TRUE(before->Append(Line("a")).ok());
  EXPECT_EQ(Open()->last_command_done(), 7);
}

TEST_F(SpoolTest, GivesNoNumberAgainThatIsTakenElsewhere) {
  ASSERT_TRUE(Open()->Append(Line("what came after it is lost")).ok());
  const auto spool = Spool::Open(FileSystem::Posix(), Path(), 7);
  ASSERT_TRUE(spool.ok()) << spool.status();
  ASSERT_TRUE((*spool)->Append(Line("new")).ok());
  EXPECT_THAT(Numbers(ReadNow(**spool, 7)), ElementsAre(8));
}

TEST_F(SpoolTest, ReadsAfterAnyNumberInAnyOrder) {
  const auto spool = Open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(spool->Append(Line("x")).ok());
  EXPECT_THAT(Numbers(ReadNow(*spool, 0, 2)), ElementsAre(1, 2));
  EXPECT_THAT(Numbers(ReadNow(*spool, 2, 2)), ElementsAre(3, 4));
  EXPECT_THAT(Numbers(ReadNow(*spool, 4)), ElementsAre(5));
  EXPECT_THAT(ReadNow(*spool, 5), IsEmpty());
  // As after a connection that broke before anything was acknowledged.
  EXPECT_THAT(Numbers(ReadNow(*spool, 1)), ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(Numbers(ReadNow(*spool, 3, 1)), ElementsAre(4));
}

TEST_F(SpoolTest, AReadWaitsForAnEvent) {
  const auto spool = Open();
  std::vector<v1::Event> events;
  std::thread reader([&] { events = spool->Read(0, kMany, absl::InfiniteDuration()); });
  EXPECT_TRUE(spool->Append(Line("a")).ok());
  reader.join();
  EXPECT_THAT(Numbers(events), ElementsAre(1));
}

TEST_F(SpoolTest, ClosingEndsAReadThatWaits) {
  const auto spool = Open();
  std::vector<v1::Event> events = {Line("untouched")};
  std::thread reader([&] { events = spool->Read(0, kMany, absl::InfiniteDuration()); });
  spool->Close();
  reader.join();
  EXPECT_THAT(events, IsEmpty());
}

TEST_F(SpoolTest, AReadGivesUpAfterItsTimeout) {
  EXPECT_THAT(Open()->Read(0, kMany, absl::Milliseconds(1)), IsEmpty());
}

TEST_F(SpoolTest, KnowsWhenEverythingIsAcknowledged) {
  const auto spool = Open();
  EXPECT_TRUE(spool->AwaitAcknowledged(absl::ZeroDuration()));
  ASSERT_TRUE(spool->Append(Line("a")).ok());
  ASSERT_TRUE(spool->Append(Line("b")).ok());
  spool->Acknowledge(1);
  EXPECT_FALSE(spool->AwaitAcknowledged(absl::ZeroDuration()));
  std::thread server([&] { spool->Acknowledge(2); });
  EXPECT_TRUE(spool->AwaitAcknowledged(absl::InfiniteDuration()));
  server.join();
  EXPECT_EQ(spool->acknowledged(), 2);
  spool->Acknowledge(1);  // late, and already known
  EXPECT_EQ(spool->acknowledged(), 2);
}

TEST_F(SpoolTest, ShrinksWhenAllOfALargeFileIsAcknowledgedAndGoesOnCounting) {
  auto spool = Open();
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(spool->Append(Megabyte()).ok());
  EXPECT_EQ(ReadNow(*spool, 0, 3).size(), 3U);
  const int64_t before = *FileSize(Path());
  spool->Acknowledge(8);
  EXPECT_EQ(*FileSize(Path()), before);
  spool->Acknowledge(9);
  EXPECT_LT(*FileSize(Path()), before / 4);
  ASSERT_TRUE(spool->Append(Line("after")).ok());
  EXPECT_THAT(Numbers(ReadNow(*spool, 9)), ElementsAre(10));
  spool = Open();
  EXPECT_EQ(spool->last_sequence(), 10);
  EXPECT_THAT(*ListDirectory(dir_.path()), ElementsAre("spool"));
}

TEST_F(SpoolTest, ShrinksWhileMoreIsReportedThanIsAcknowledged) {
  auto spool = Open();
  for (int i = 1; i <= 60; ++i) {
    ASSERT_TRUE(spool->Append(Megabyte()).ok());
    spool->Acknowledge(i - 3);
    EXPECT_EQ(ReadNow(*spool, i - 1).size(), 1U);
    ASSERT_LT(*FileSize(Path()), 16 << 20);
  }
  EXPECT_THAT(Numbers(ReadNow(*spool, 57)), ElementsAre(58, 59, 60));
  spool = Open();
  EXPECT_THAT(Numbers(ReadNow(*spool, 57)), ElementsAre(58, 59, 60));
  EXPECT_EQ(spool->last_sequence(), 60);
}

TEST_F(SpoolTest, CopiesNoMoreThanItDrops) {
  const auto spool = Open();
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(spool->Append(Megabyte()).ok());
  const int64_t before = *FileSize(Path());
  spool->Acknowledge(20);
  EXPECT_EQ(*FileSize(Path()), before);
  spool->Acknowledge(22);
  EXPECT_LT(*FileSize(Path()), 20 << 20);
  EXPECT_EQ(ReadNow(*spool, 22).size(), 4U);
}

TEST_F(SpoolTest, WhenItCannotShrinkItGoesOnAndTriesAgainLater) {
  // Opening and cutting off, both of the first file; ten appends; what shrinking does.
  for (int failing = 12; failing < 18; ++failing) {
    FailingFileSystem files(failing);
    std::filesystem::remove(Path());
    const auto spool = Open(files);
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(spool->Append(Megabyte()).ok());
    spool->Acknowledge(9);
    EXPECT_GT(*FileSize(Path()), 10 << 20) << failing;
    EXPECT_THAT(*ListDirectory(dir_.path()), ElementsAre("spool"));
    ASSERT_TRUE(spool->Append(Line("after")).ok());
    EXPECT_THAT(Numbers(ReadNow(*spool, 9)), ElementsAre(10, 11));
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(spool->Append(Megabyte()).ok());
    spool->Acknowledge(20);
    EXPECT_LT(*FileSize(Path()), 4 << 20);
  }
}

TEST_F(SpoolTest, WhatAKilledWorkerHasBegunToWriteIsRemoved) {
  ASSERT_TRUE(WriteFileAtomically(FileSystem::Posix(), Path() + ".new", "part").ok());
  Open();
  EXPECT_THAT(*ListDirectory(dir_.path()), ElementsAre("spool"));
}

TEST_F(SpoolTest, NumbersThatNobodyGivesAreNotCountedOnFrom) {
  {
    const auto writer = RecordLogWriter::Open(FileSystem::Posix(), Path());
    ASSERT_TRUE(writer.ok());
    for (const int64_t sequence : {int64_t{1}, std::numeric_limits<int64_t>::max(), int64_t{-7}}) {
      v1::Event event;
      event.set_worker_sequence(sequence);
      ASSERT_TRUE((*writer)->Append(event.SerializeAsString()).ok());
    }
  }
  EXPECT_EQ(Open()->last_sequence(), 1);
}

TEST_F(SpoolTest, CountsOnFromWhatIsAcknowledgedEvenIfTheFileKnewLess) {
  auto spool = Open();
  ASSERT_TRUE(spool->Append(Line("a")).ok());
  spool->Acknowledge(10);
  EXPECT_EQ(spool->last_sequence(), 10);
  EXPECT_TRUE(spool->AwaitAcknowledged(absl::ZeroDuration()));
  ASSERT_TRUE(spool->Append(Line("b")).ok());
  EXPECT_THAT(Numbers(ReadNow(*spool, 10)), ElementsAre(11));
  spool = Open();
  EXPECT_EQ(spool->last_sequence(), 11);
}

TEST_F(SpoolTest, ATornEventIsForgottenAndItsNumberGivenAgain) {
  {
    const auto spool = Open();
    ASSERT_TRUE(spool->Append(Line("whole")).ok());
    ASSERT_TRUE(spool->Append(Line("torn")).ok());
  }
  std::filesystem::resize_file(Path(), static_cast<size_t>(*FileSize(Path()) - 1));
  const auto spool = Open();
  EXPECT_EQ(spool->last_sequence(), 1);
  ASSERT_TRUE(spool->Append(Line("again")).ok());
  const auto events = ReadNow(*spool, 0);
  EXPECT_THAT(Numbers(events), ElementsAre(1, 2));
  EXPECT_EQ(events[1].log_line().text(), "again");
}

TEST_F(SpoolTest, DamageIsSetAsideAndSaidAndCountingGoesOn) {
  int64_t first = 0;
  {
    const auto spool = Open();
    ASSERT_TRUE(spool->Append(Line("a")).ok());
    first = *FileSize(Path());
    for (const char* text : {"b", "c"}) ASSERT_TRUE(spool->Append(Line(text)).ok());
  }
  std::string content = *FileSystem::Posix().Read(Path());
  content[static_cast<size_t>(first)] ^= 1;
  dir_.Write("spool", content);
  auto spool = Spool::Open(FileSystem::Posix(), Path(), 2);
  ASSERT_TRUE(spool.ok()) << spool.status();
  const auto events = ReadNow(**spool, 0);
  EXPECT_THAT(Numbers(events), ElementsAre(1, 3)) << "the server has the second";
  EXPECT_NE(events[1].log_line().text().find(Path() + ".damaged-1"), std::string::npos);
  EXPECT_EQ(*FileSystem::Posix().Read(Path() + ".damaged-1"),
            content.substr(static_cast<size_t>(first)));
}

TEST_F(SpoolTest, AnEventThatTheServerWouldNotTakeIsAnError) {
  const auto spool = Open();
  EXPECT_EQ(spool->Append(Line(std::string(16 << 20, 'x'))).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(SpoolTest, LargeEventsAreReadAFewAtATime) {
  const auto spool = Open();
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(spool->Append(Megabyte()).ok());
  EXPECT_GT(spool->appended_bytes(), 30 << 20);
  EXPECT_THAT(Numbers(ReadNow(*spool, 0)), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Numbers(ReadNow(*spool, 4)), ElementsAre(5, 6, 7, 8));
}

TEST_F(SpoolTest, AfterAnErrorEveryAppendFailsWithIt) {
  FailingFileSystem files(3);  // opening, cutting off, and the second append
  const auto spool = Open(files);
  ASSERT_TRUE(spool->Append(Line("a")).ok());
  const absl::Status error = spool->Append(Line("b"));
  EXPECT_EQ(error.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(spool->Append(Line("c")), error);
  EXPECT_EQ(spool->last_sequence(), 1);
  EXPECT_THAT(Numbers(ReadNow(*spool, 0)), ElementsAre(1));
}

}  // namespace
}  // namespace kur::worker
