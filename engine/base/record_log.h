#ifndef KUR_ENGINE_BASE_RECORD_LOG_H_
#define KUR_ENGINE_BASE_RECORD_LOG_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/file_system.h"

namespace kur {

// Writes an append-only file of records. On disk each record is
//
//   uint32 length (little endian) | uint32 CRC-32 (zlib's) of the payload | payload
//
// A crash can leave a torn record at the end. Opening for append cuts a torn record off, and a
// reader stops before it. Damage before the end is DATA_LOSS with the offset. Not thread-safe.
class RecordLogWriter {
 public:
  static constexpr uint32_t kMaxRecordBytes = 64u << 20;

  // Opens or creates `path` and cuts off a torn record at the end.
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

  // Reads the record at `*offset` and moves `*offset` past it. OUT_OF_RANGE at the end or at a torn
  // last record, DATA_LOSS if the checksum does not match.
  absl::Status Read(int64_t* offset, std::string* payload) const;

 private:
  RecordLogReader(std::unique_ptr<RandomAccessFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}
  std::unique_ptr<RandomAccessFile> file_;
  std::string path_;
};

// Returns the CRC-32 by which a record is known to be whole.
uint32_t RecordChecksum(absl::string_view payload);

// Returns the offset just after the last whole record; 0 if the file does not exist.
absl::StatusOr<int64_t> ValidRecordLogSize(FileSystem& files, const std::string& path);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_RECORD_LOG_H_
