#include "engine/base/record_log.h"

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

constexpr int64_t kHeader = 8;

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
TEST_F(RecordLogTest, HasLengthAndChecksumBeforeEachRecord) {
  Append({"123456789"});
  EXPECT_EQ(Bytes(), std::string("\x09\0\0\0\x26\x39\xf4\xcb", 8) + "123456789");
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
  for (size_t at = kHeader + 3 + 4; at < whole.size(); ++at) {
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
  for (const size_t at : {size_t{4}, size_t{7}, size_t{8}, size_t{10}}) {
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
