#include "server/events/event_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/events/event_log.h"
#include "tests/server/testing/failing_file_system.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {
namespace {

// What is known of a log once it is open.
std::string Describe(const EventLog& log) {
  return absl::StrCat(log.last_number(), " ", log.last_worker_sequence(), " ", log.ended(), " ",
                      log.tracker().summary().ShortDebugString());
}

class EventIndexTest : public ::testing::Test {
 protected:
  static constexpr int kEvents = 3000;

  // A log of about a megabyte, which is more than a few marks.
  void SetUp() override {
    auto log = Open();
    v1::Event event;
    event.mutable_state_changed()->set_state(v1::JOB_STATE_STARTING);
    event.mutable_state_changed()->set_attempt(2);
    ASSERT_THAT(log->Append({event}), IsOk());
    ASSERT_THAT(log->Append(Losses(0.5F)), IsOk());
    expected_ = Describe(*log);
  }

  static std::vector<v1::Event> Losses(float loss) {
    std::vector<v1::Event> events(kEvents - 1);
    for (int i = 1; i < kEvents; ++i) {
      v1::Event& event = events[static_cast<size_t>(i) - 1];
      event.set_worker_sequence(i);
      event.mutable_batch_losses()->set_epoch(i);
      for (int j = 0; j < 80; ++j) event.mutable_batch_losses()->add_losses(loss);
    }
    return events;
  }

  std::shared_ptr<EventLog> Open() {
    auto log = EventLog::Open(files_, path_, dispatcher_);
    EXPECT_THAT(log, IsOk());
    return log.ok() ? *std::move(log) : nullptr;
  }

  // Changes a byte of a file.
  void Damage(const std::string& path, int64_t offset) {
    std::string content = *files_.Read(path, 1 << 30);
    content[static_cast<size_t>(offset)] ^= 1;
    ASSERT_THAT(WriteFileAtomically(files_, path, content), IsOk());
  }

  void ReadFirstMark(EventMark* mark) {
    const auto reader = RecordLogReader::Open(files_, index_);
    ASSERT_THAT(reader, IsOk());
    int64_t offset = 0;
    std::string record;
    ASSERT_THAT((*reader)->Read(&offset, &record), IsOk());
    ASSERT_TRUE(mark->ParseFromString(record));
  }

  // Writes an index of one mark.
  void ReplaceIndex(const EventMark& mark) {
    std::filesystem::remove(index_);
    const auto writer = RecordLogWriter::Open(files_, index_);
    ASSERT_THAT(writer, IsOk());
    ASSERT_THAT((*writer)->Append(mark.SerializeAsString()), IsOk());
  }

  // Reads event `number`.
  static absl::Status ReadEvent(const EventLog& log, int64_t number) {
    EventCursor cursor = log.CursorAt(number);
    v1::Event event;
    const auto read = log.Read(&cursor, &event);
    if (!read.ok()) return read.status();
    EXPECT_EQ(event.number(), number);
    return absl::OkStatus();
  }

  TemporaryDirectory directory_;
  FailingFileSystem files_;
  EventDispatcher dispatcher_;
  const std::string path_ = directory_.File("events.log");
  const std::string index_ = path_ + ".index";
  std::string expected_;
};

TEST_F(EventIndexTest, ALogIsOpenedWithoutReadingItsBeginning) {
  Damage(path_, 12);
  const auto log = Open();
  ASSERT_NE(log, nullptr);
  EXPECT_EQ(Describe(*log), expected_);
  EXPECT_THAT(ReadEvent(*log, kEvents), IsOk());
  EXPECT_THAT(ReadEvent(*log, kEvents / 2), IsOk()) << "a cursor does not read all either";
}

TEST_F(EventIndexTest, DamageIsFoundWhenItIsReadAndToldOnce) {
  Damage(path_, 12);
  const auto log = Open();
  ASSERT_NE(log, nullptr);
  const absl::Status damaged = ReadEvent(*log, 1);
  EXPECT_THAT(damaged, FailsWith(absl::StatusCode::kDataLoss, "offset 0"));
  int64_t whole = 0;
  const std::vector<std::string> parts = absl::StrSplit(damaged.message(), "the events from ");
  ASSERT_EQ(parts.size(), 2u);
  ASSERT_TRUE(absl::SimpleAtoi(parts[1].substr(0, parts[1].find(' ')), &whole));
  EXPECT_THAT(ReadEvent(*log, whole), IsOk());
  EXPECT_THAT(log->TakeDamageFound(), FailsWith(absl::StatusCode::kDataLoss, "offset 0"));
  EXPECT_THAT(log->TakeDamageFound(), IsOk());
  EXPECT_THAT(log->Append({v1::Event()}), IsOk());
}

TEST_F(EventIndexTest, ALogWithoutAnIndexIsReadAndGetsOne) {
  std::filesystem::remove(index_);
  EXPECT_EQ(Describe(*Open()), expected_);
  Damage(path_, 12);
  EXPECT_EQ(Describe(*Open()), expected_) << "not read again";
}

TEST_F(EventIndexTest, ADamagedIndexCostsTimeOnly) {
  const int64_t size = *FileSize(index_);
  for (const int64_t offset : {int64_t{0}, int64_t{10}, size / 2, size - 1}) {
    Damage(index_, offset);
    EXPECT_EQ(Describe(*Open()), expected_) << offset;
  }
  std::filesystem::resize_file(index_, static_cast<size_t>(*FileSize(index_) - 1));
  EXPECT_EQ(Describe(*Open()), expected_);
}

TEST_F(EventIndexTest, AnIndexThatIsNewerThanItsLogIsUsedAsFarAsItGoes) {
  std::filesystem::resize_file(path_, static_cast<size_t>(*FileSize(path_) / 2));
  const std::string with = Describe(*Open());
  std::filesystem::remove(index_);
  EXPECT_EQ(with, Describe(*Open()));
}

TEST_F(EventIndexTest, TheIndexOfAnotherLogIsNotUsed) {
  std::filesystem::rename(path_, directory_.File("other.log"));
  std::filesystem::rename(index_, directory_.File("other.index"));
  auto log = Open();
  v1::Event event;
  // As many bytes as in the other log, so that its offsets fit.
  event.mutable_state_changed()->set_state(v1::JOB_STATE_STARTING);
  event.mutable_state_changed()->set_attempt(3);
  ASSERT_THAT(log->Append({event}), IsOk());
  ASSERT_THAT(log->Append(Losses(0.25F)), IsOk());
  const std::string expected = Describe(*log);
  log.reset();
  std::filesystem::rename(directory_.File("other.index"), index_);
  EXPECT_EQ(Describe(*Open()), expected);
}

TEST_F(EventIndexTest, MarksOfAnotherVersionAreNotUsed) {
  EventMark mark;
  ReadFirstMark(&mark);
  mark.set_version(mark.version() + 1);
  mark.mutable_summary()->set_saved_batches(17);
  ReplaceIndex(mark);
  EXPECT_EQ(Describe(*Open()), expected_);
}

TEST_F(EventIndexTest, AMarkThatIsLargerThanKurdsIsNotUsed) {
  EventMark mark;
  ReadFirstMark(&mark);
  (*mark.mutable_summary()->mutable_progress()->mutable_validation_metrics())[std::string(1 << 20,
                                                                                          'x')] = 1;
  ReplaceIndex(mark);
  EXPECT_EQ(Describe(*Open()), expected_);
}

TEST_F(EventIndexTest, MarksThatAreCloserThanKurdsAreNotUsed) {
  const auto reader = RecordLogReader::Open(files_, path_);
  ASSERT_THAT(reader, IsOk());
  std::filesystem::remove(index_);
  const auto writer = RecordLogWriter::Open(files_, index_);
  ASSERT_THAT(writer, IsOk());
  int64_t begin = 0;
  int64_t end = 0;
  std::string record;
  for (int i = 1; (*reader)->Read(&end, &record).ok(); ++i, begin = end) {
    EventMark mark;
    mark.set_version(1);
    mark.set_number(i);
    mark.set_offset(begin);
    mark.set_checksum(RecordChecksum(record));
    mark.mutable_summary()->set_saved_batches(17);
    if (begin > EventIndex::kMarkBytes / 2) {
      ASSERT_THAT((*writer)->Append(mark.SerializeAsString()), IsOk());
    }
  }
  EXPECT_EQ(Describe(*Open()), expected_);
}

// A worker can write the files of its job.
TEST_F(EventIndexTest, AMarkOfANumberThatTheLogCannotReachIsNotUsed) {
  v1::Event event;
  event.set_number(std::numeric_limits<int64_t>::max());
  const std::string payload = event.SerializeAsString();
  std::filesystem::remove(path_);
  std::filesystem::remove(index_);
  const auto log = RecordLogWriter::Open(files_, path_);
  ASSERT_THAT(log, IsOk());
  ASSERT_THAT((*log)->Append("not read"), IsOk());
  EventMark mark;
  mark.set_version(1);
  mark.set_number(event.number());
  mark.set_offset((*log)->size());
  mark.set_checksum(RecordChecksum(payload));
  ASSERT_THAT((*log)->Append(payload), IsOk());
  const auto index = RecordLogWriter::Open(files_, index_);
  ASSERT_THAT(index, IsOk());
  ASSERT_THAT((*index)->Append(mark.SerializeAsString()), IsOk());
  const auto opened = EventLog::Open(files_, path_, dispatcher_);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ((*opened)->last_number(), 0);
  EXPECT_NE((*opened)->set_aside(), "");
}

TEST_F(EventIndexTest, AFullDiskIsNoMatterOfTheIndex) {
  std::filesystem::remove(index_);
  files_.full = true;
  EXPECT_EQ(Describe(*Open()), expected_);
  files_.full = false;
  EXPECT_EQ(Describe(*Open()), expected_);
}

}  // namespace
}  // namespace kur::server
