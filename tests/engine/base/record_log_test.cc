#include "engine/base/record_log.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/failing_file_system.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using testing::FailingFileSystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kHeader = 12;

class RecordLogTest : public ::testing::Test {
 protected:
  std::string Path() const { return dir_.path() + "/log"; }

  std::unique_ptr<RecordLogWriter> OpenWriter() const {
    auto writer = RecordLogWriter::Open(FileSystem::Posix(), Path());
    EXPECT_TRUE(writer.ok()) << writer.status();
    return writer.ok() ? *std::move(writer) : nullptr;
  }

  void Append(const std::vector<std::string>& records) const {
    const auto writer = OpenWriter();
    for (const std::string& record : records) ASSERT_TRUE(writer->Append(record).ok());
    ASSERT_TRUE(writer->Sync().ok());
  }

  // Returns a record as the first version of the format had it.
  static std::string OldRecord(const std::string& payload) {
    std::string record(8, '\0');
    record[0] = static_cast<char>(payload.size());
    const uint32_t checksum = RecordChecksum(payload);
    for (int i = 0; i < 4; ++i) record[4 + i] = static_cast<char>(checksum >> (8 * i));
    return record + payload;
  }

  // Returns every record from the start. `end` receives the status that ended the reading.
  std::vector<std::string> ReadAll(absl::Status* end = nullptr) const {
    const auto reader = RecordLogReader::Open(FileSystem::Posix(), Path());
    EXPECT_TRUE(reader.ok()) << reader.status();
    std::vector<std::string> records;
    int64_t offset = 0;
    std::string record;
    absl::Status status;
    while ((status = (*reader)->Read(&offset, &record)).ok()) records.push_back(record);
    if (end != nullptr) *end = status;
    return records;
  }

  std::string Bytes() const { return *FileSystem::Posix().Read(Path()); }

  TemporaryDirectory dir_;
};

TEST_F(RecordLogTest, ReadsBackWhatWasAppended) {
  const std::string binary("\0\xff\n", 3);
  Append({"one", "", binary});
  absl::Status end;
  EXPECT_THAT(ReadAll(&end), ElementsAre("one", "", binary));
  EXPECT_EQ(end.code(), absl::StatusCode::kOutOfRange);
}

TEST_F(RecordLogTest, GoesOnWhereItEnded) {
  Append({"one"});
  Append({"two"});
  EXPECT_THAT(ReadAll(), ElementsAre("one", "two"));
  EXPECT_EQ(OpenWriter()->size(), 2 * (kHeader + 3));
  EXPECT_EQ(*ValidRecordLogSize(FileSystem::Posix(), Path()), 2 * (kHeader + 3));
}

// The format is stable: files outlive the program.
TEST_F(RecordLogTest, HasLengthAndChecksumsBeforeEachRecord) {
  Append({"123456789"});
  EXPECT_EQ(Bytes(), std::string("\x09\0\0\xb0\x26\x39\xf4\xcb\x2a\xdd\x2f\xb8", 12) + "123456789");
}

TEST_F(RecordLogTest, ALogOfTheFirstVersionIsReadAndGoesOn) {
  dir_.Write("log", OldRecord("123456789") + OldRecord("two"));
  EXPECT_EQ(Bytes().substr(0, 8), std::string("\x09\0\0\0\x26\x39\xf4\xcb", 8));
  EXPECT_THAT(ReadAll(), ElementsAre("123456789", "two"));
  Append({"three"});
  absl::Status end;
  EXPECT_THAT(ReadAll(&end), ElementsAre("123456789", "two", "three"));
  EXPECT_EQ(end.code(), absl::StatusCode::kOutOfRange);
}

TEST_F(RecordLogTest, ATornRecordOfTheFirstVersionIsCutOff) {
  const std::string whole = OldRecord("one") + OldRecord("second record");
  for (size_t size = OldRecord("one").size(); size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    dir_.Write("log", whole.substr(0, size));
    Append({"third"});
    EXPECT_THAT(ReadAll(), ElementsAre("one", "third"));
  }
}

// A length that leads past the end is no torn record where whole ones follow.
TEST_F(RecordLogTest, AnyFlippedBitOfALengthIsLoss) {
  const std::vector<std::string> logs = {
      OldRecord("one") + OldRecord("second") + OldRecord("third"), [this] {
        Append({"one", "second", "third"});
        return Bytes();
      }()};
  for (const std::string& whole : logs) {
    const size_t second = whole.find("second") - (whole == logs[0] ? 8 : kHeader);
    for (int bit = 0; bit < 32; ++bit) {
      SCOPED_TRACE(bit);
      std::string damaged = whole;
      damaged[second + static_cast<size_t>(bit / 8)] ^= static_cast<char>(1 << (bit % 8));
      dir_.Write("log", damaged);
      absl::Status end;
      EXPECT_THAT(ReadAll(&end), ElementsAre("one"));
      EXPECT_EQ(end.code(), absl::StatusCode::kDataLoss) << end;
      EXPECT_FALSE(RecordLogWriter::Open(FileSystem::Posix(), Path()).ok());
      EXPECT_EQ(Bytes(), damaged);
    }
  }
}

TEST_F(RecordLogTest, AFlippedBitOfTheLastHeaderIsLoss) {
  Append({"one", "two"});
  const std::string whole = Bytes();
  for (size_t bit = 8 * (kHeader + 3); bit < 8 * (2 * kHeader + 3); ++bit) {
    SCOPED_TRACE(bit);
    std::string damaged = whole;
    damaged[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    dir_.Write("log", damaged);
    absl::Status end;
    EXPECT_THAT(ReadAll(&end), ElementsAre("one"));
    EXPECT_EQ(end.code(), absl::StatusCode::kDataLoss) << end;
  }
}

// A loss of power can leave a file that has its length, but not its bytes.
TEST_F(RecordLogTest, ZerosAtTheEndAreCutOffWhereverTheyBegin) {
  Append({"one", "second record", "third"});
  const std::string whole = Bytes();
  for (size_t begin = kHeader + 3; begin < 2 * kHeader + 3 + 13; ++begin) {
    SCOPED_TRACE(begin);
    dir_.Write("log", whole.substr(0, begin) + std::string(whole.size() - begin, '\0'));
    absl::Status end;
    EXPECT_THAT(ReadAll(&end), ElementsAre("one"));
    EXPECT_EQ(end.code(), absl::StatusCode::kOutOfRange) << end;
    Append({"again"});
    EXPECT_THAT(ReadAll(), ElementsAre("one", "again"));
  }
}

TEST_F(RecordLogTest, ARecordOverTheReadersLimitIsLoss) {
  Append({"123456789"});
  const auto reader = RecordLogReader::Open(FileSystem::Posix(), Path());
  int64_t offset = 0;
  std::string record;
  EXPECT_EQ((*reader)->Read(&offset, &record, 8).code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE((*reader)->Read(&offset, &record, 9).ok());
}

// A worker can make each of these: the second takes no space on the disk.
TEST_F(RecordLogTest, WhatWouldBeSearchedForEverIsLoss) {
  // A header of the first version whose record is longer than the file.
  const std::string beyond("\x00\x00\x00\x01\x01\x01\x01\x01", 8);
  std::string headers = beyond;
  while (headers.size() < 1000000) headers += std::string("\x00\xff\x00\x00", 4);
  absl::Status end;
  dir_.Write("log", headers);
  EXPECT_THAT(ReadAll(&end), IsEmpty());
  EXPECT_EQ(end.code(), absl::StatusCode::kDataLoss);

  dir_.Write("log", beyond);
  std::filesystem::resize_file(Path(), uint64_t{1} << 24);
  EXPECT_THAT(ReadAll(&end), IsEmpty());
  EXPECT_EQ(end.code(), absl::StatusCode::kDataLoss);

  // What is kept of it takes no space either.
  const auto aside = SetAsideDamage(FileSystem::Posix(), Path(), 0);
  ASSERT_TRUE(aside.ok()) << aside.status();
  struct stat info = {};
  ASSERT_EQ(stat(aside->c_str(), &info), 0);
  EXPECT_EQ(info.st_size, int64_t{1} << 24);
  EXPECT_LT(info.st_blocks * 512, int64_t{4} << 20);

  dir_.Write("log", "no header at all");
  std::filesystem::resize_file(Path(), uint64_t{1} << 42);
  EXPECT_THAT(ReadAll(&end), IsEmpty());
  EXPECT_EQ(end.code(), absl::StatusCode::kDataLoss);
}

TEST_F(RecordLogTest, DamageIsSetAsideUnderAFreeName) {
  Append({"one", "two"});
  const std::string whole = Bytes();
  EXPECT_FALSE(HasDamageSetAside(FileSystem::Posix(), Path()));
  EXPECT_EQ(*SetAsideDamage(FileSystem::Posix(), Path(), kHeader + 3), Path() + ".damaged-1");
  EXPECT_EQ(*SetAsideDamage(FileSystem::Posix(), Path(), 0), Path() + ".damaged-2");
  EXPECT_TRUE(HasDamageSetAside(FileSystem::Posix(), Path()));
  EXPECT_EQ(*FileSystem::Posix().Read(Path() + ".damaged-1"), whole.substr(kHeader + 3));
  EXPECT_EQ(*FileSystem::Posix().Read(Path() + ".damaged-2"), whole);
  EXPECT_EQ(Bytes(), whole);
  for (int failing = 0; failing < 5; ++failing) {
    FailingFileSystem files(failing);
    EXPECT_FALSE(SetAsideDamage(files, Path(), 0).ok()) << failing;
  }
}

TEST_F(RecordLogTest, NoFileIsAnEmptyLog) {
  EXPECT_EQ(*ValidRecordLogSize(FileSystem::Posix(), Path()), 0);
  EXPECT_EQ(RecordLogReader::Open(FileSystem::Posix(), Path()).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(OpenWriter()->size(), 0);
  EXPECT_THAT(ReadAll(), IsEmpty());
}

TEST_F(RecordLogTest, CutsATornRecordOffWhereverTheCrashCame) {
  Append({"one", "second record"});
  const std::string whole = Bytes();
  const size_t first = kHeader + 3;
  for (size_t size = first; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    dir_.Write("log", whole.substr(0, size));
    absl::Status end;
    EXPECT_THAT(ReadAll(&end), ElementsAre("one"));
    EXPECT_EQ(end.code(), absl::StatusCode::kOutOfRange);
    Append({"third"});
    EXPECT_THAT(ReadAll(&end), ElementsAre("one", "third"));
  }
}

// The file may grow before its bytes reach the disk.
TEST_F(RecordLogTest, CutsALastRecordOffWhoseBytesAreWrong) {
  Append({"one", "second record"});
  const std::string whole = Bytes();
  for (size_t at = kHeader + 3 + kHeader; at < whole.size(); ++at) {
    SCOPED_TRACE(at);
    std::string damaged = whole;
    damaged[at] = static_cast<char>(~damaged[at]);
    dir_.Write("log", damaged);
    EXPECT_THAT(ReadAll(), ElementsAre("one"));
    Append({"third"});
    EXPECT_THAT(ReadAll(), ElementsAre("one", "third"));
  }
}

TEST_F(RecordLogTest, DamageInTheMiddleIsLoss) {
  Append({"one", "two"});
  const std::string whole = Bytes();
  for (const size_t at : {size_t{4}, size_t{7}, size_t{8}, size_t{12}, size_t{14}}) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    dir_.Write("log", damaged);
    absl::Status end;
    EXPECT_THAT(ReadAll(&end), IsEmpty());
    EXPECT_EQ(end.code(), absl::StatusCode::kDataLoss) << end;
    EXPECT_THAT(std::string(end.message()), HasSubstr("offset 0"));
    EXPECT_EQ(ValidRecordLogSize(FileSystem::Posix(), Path()).status().code(),
              absl::StatusCode::kDataLoss);
    EXPECT_EQ(RecordLogWriter::Open(FileSystem::Posix(), Path()).status().code(),
              absl::StatusCode::kDataLoss);
    EXPECT_EQ(Bytes(), damaged);  // left unchanged
  }
}

TEST_F(RecordLogTest, AnImpossibleLengthIsLoss) {
  dir_.Write("log", "\xff\xff\xff\xff some more bytes");
  absl::Status end;
  ReadAll(&end);
  EXPECT_EQ(end.code(), absl::StatusCode::kDataLoss);
}

TEST_F(RecordLogTest, AReaderSeesAFileGrow) {
  const auto writer = OpenWriter();
  const auto reader = RecordLogReader::Open(FileSystem::Posix(), Path());
  ASSERT_TRUE(reader.ok());
  int64_t offset = 0;
  std::string record;
  for (const char* text : {"one", "two", "three"}) {
    EXPECT_EQ((*reader)->Read(&offset, &record).code(), absl::StatusCode::kOutOfRange);
    ASSERT_TRUE(writer->Append(text).ok());
    ASSERT_TRUE((*reader)->Read(&offset, &record).ok());
    EXPECT_EQ(record, text);
    EXPECT_EQ(offset, writer->size());
  }
}

TEST_F(RecordLogTest, ReadersNameTheirOffset) {
  Append({"one", "two"});
  const auto reader = RecordLogReader::Open(FileSystem::Posix(), Path());
  std::string record;
  for (int turn = 0; turn < 2; ++turn) {
    int64_t offset = kHeader + 3;
    ASSERT_TRUE((*reader)->Read(&offset, &record).ok());
    EXPECT_EQ(record, "two");
  }
}

TEST_F(RecordLogTest, RefusesARecordOverTheLimit) {
  const auto writer = OpenWriter();
  const std::string large(size_t{RecordLogWriter::kMaxRecordBytes} + 1, 'x');
  EXPECT_EQ(writer->Append(large).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(writer->size(), 0);
  ASSERT_TRUE(writer->Append(absl::string_view(large).substr(1)).ok());
  EXPECT_EQ(ReadAll().size(), 1U);
}

TEST_F(RecordLogTest, AFailedAppendIsCutOffByTheNextOpening) {
  Append({"one"});
  FailingFileSystem files(2);  // fails the append, after opening and cutting
  const auto writer = RecordLogWriter::Open(files, Path());
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_FALSE((*writer)->Append("this one is cut in half").ok());
  EXPECT_EQ((*writer)->size(), kHeader + 3);
  Append({"two"});
  EXPECT_THAT(ReadAll(), ElementsAre("one", "two"));
}

}  // namespace
}  // namespace kur
