#ifndef KUR_ENGINE_BASE_RECORD_LOG_H_
#define KUR_ENGINE_BASE_RECORD_LOG_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/file_system.h"

namespace kur {

// Writes an append-only file of records. On disk each record is
//
//   uint32 length | uint32 CRC-32 of the payload | uint32 CRC-32 of these 8 bytes | payload
//
// with little-endian numbers and zlib's CRC-32; the five highest bits of the length are 10110. The
// first version of the format, which is read, too, had zeros there, and no third number.
//
// A crash can leave the beginning of a record at the end, and a loss of power zeros where its rest
// should be. A reader stops before that, and opening for append cuts it off. Everything else that
// is no whole record is damage: DATA_LOSS with the offset, and never cut off. Not thread-safe.
class RecordLogWriter {
 public:
  static constexpr uint32_t kMaxRecordBytes = 32u << 20;

  // Opens or creates `path` and cuts off what a crash has left at the end.
  static absl::StatusOr<std::unique_ptr<RecordLogWriter>> Open(FileSystem& files,
                                                               const std::string& path);

  // Opens a log whose first `size` bytes are known to be whole records, and cuts off the rest.
  static absl::StatusOr<std::unique_ptr<RecordLogWriter>> OpenAt(FileSystem& files,
                                                                 const std::string& path,
                                                                 int64_t size);

  // Appends one record, which is durable only after Sync().
  absl::Status Append(absl::string_view payload);
  absl::Status Sync();

  // Returns the bytes of whole records in the file.
  int64_t size() const { return size_; }

 private:
  RecordLogWriter(std::unique_ptr<WritableFile> file, int64_t size)
      : file_(std::move(file)), size_(size) {}
  std::unique_ptr<WritableFile> file_;
  int64_t size_;
};

// Reads the records of a log that may be growing. Thread-safe: every call passes its own offset.
class RecordLogReader {
 public:
  static absl::StatusOr<std::unique_ptr<RecordLogReader>> Open(FileSystem& files,
                                                               const std::string& path);

  // Reads the record at `*offset` and moves `*offset` past it. OUT_OF_RANGE at the end, or before
  // what a crash can leave there; DATA_LOSS at damage, and at a record of more than `max_bytes`.
  absl::Status Read(int64_t* offset, std::string* payload,
                    uint32_t max_bytes = RecordLogWriter::kMaxRecordBytes) const;

  // Returns the size of the file.
  absl::StatusOr<int64_t> Size() const { return file_->Size(); }

 private:
  struct Header;

  RecordLogReader(std::unique_ptr<RandomAccessFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}

  // Reads the header at `offset`. OUT_OF_RANGE and DATA_LOSS as Read().
  absl::StatusOr<Header> ReadHeader(int64_t offset, int64_t size) const;
  // Returns OUT_OF_RANGE if a crash while a record that ends at `end` was written can have left the
  // file as it is; else DATA_LOSS.
  absl::Status Judge(int64_t offset, int64_t end, int64_t size) const;
  // Returns whether there is a whole record anywhere after `offset`.
  absl::StatusOr<bool> HasRecordAfter(int64_t offset, int64_t size) const;

  std::unique_ptr<RandomAccessFile> file_;
  std::string path_;
};

// Returns the CRC-32 by which a record is known to be whole.
uint32_t RecordChecksum(absl::string_view payload);

// Returns the offset just after the last whole record; 0 if the file does not exist. At damage
// DATA_LOSS, and, unless `good` is null, the offset of the damage in `*good`.
absl::StatusOr<int64_t> ValidRecordLogSize(FileSystem& files, const std::string& path,
                                           int64_t* good = nullptr);

// Copies what follows from `offset` on (4 GiB at most), where a log is damaged, durably to
// "PATH.damaged-N", the first such name that is free, so that it can be cut off. Returns that name.
absl::StatusOr<std::string> SetAsideDamage(FileSystem& files, const std::string& path,
                                           int64_t offset);

// Moves what is in a log's place and is none, such as a folder, to such a name, which it returns.
absl::StatusOr<std::string> MoveAside(FileSystem& files, const std::string& path);

// Returns whether anything of the log was ever set aside.
bool HasDamageSetAside(FileSystem& files, const std::string& path);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_RECORD_LOG_H_
