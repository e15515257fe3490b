#include "engine/base/record_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur {
namespace {

constexpr size_t kHeaderBytes = 8;

uint32_t Checksum(absl::string_view payload) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(payload.data()), static_cast<uInt>(payload.size())));
}

void PutLittleEndian(uint32_t value, char* to) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<char>(value >> (8 * i));
}

uint32_t GetLittleEndian(const char* from) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(from[i]);
  return value;
}

// Reads exactly `size` bytes at `offset`; false at the end of the file.
absl::StatusOr<bool> ReadExactly(int fd, int64_t offset, size_t size, char* to,
                                 const std::string& path) {
  size_t have = 0;
  while (have < size) {
    const ssize_t got = pread(fd, to + have, size - have, offset + static_cast<int64_t>(have));
    if (got < 0) {
      if (errno == EINTR) continue;
      return ErrnoToStatus(errno, "cannot read " + path);
    }
    if (got == 0) return false;
    have += static_cast<size_t>(got);
  }
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RecordLogReader>> RecordLogReader::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoToStatus(errno, "cannot open " + path);
  return std::unique_ptr<RecordLogReader>(new RecordLogReader(fd, path));
}

RecordLogReader::~RecordLogReader() { close(fd_); }

absl::Status RecordLogReader::Read(int64_t* offset, std::string* payload) const {
  std::array<char, kHeaderBytes> header;
  KUR_ASSIGN_OR_RETURN(const bool has_header,
                       ReadExactly(fd_, *offset, kHeaderBytes, header.data(), path_));
  if (!has_header) return absl::OutOfRangeError("end of the log");
  const uint32_t length = GetLittleEndian(header.data());
  if (length > RecordLogWriter::kMaxRecordBytes) {
    return absl::DataLossError(
        absl::StrCat(path_, ": impossible record length ", length, " at offset ", *offset));
  }
  struct stat info;
  if (fstat(fd_, &info) != 0) return ErrnoToStatus(errno, "cannot stat " + path_);
  const int64_t end = *offset + static_cast<int64_t>(kHeaderBytes) + length;
  if (end > info.st_size) return absl::OutOfRangeError("end of the log");
  payload->resize(length);
  KUR_ASSIGN_OR_RETURN(const bool whole,
                       ReadExactly(fd_, *offset + static_cast<int64_t>(kHeaderBytes), length,
                                   &(*payload)[0], path_));
  if (!whole) return absl::OutOfRangeError("end of the log");
  if (Checksum(*payload) != GetLittleEndian(header.data() + 4)) {
    // A torn last record may have its full length but not its bytes.
    if (end == info.st_size) return absl::OutOfRangeError("torn record at the end of the log");
    return absl::DataLossError(absl::StrCat(path_, ": damaged record at offset ", *offset));
  }
  *offset = end;
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ValidRecordLogSize(const std::string& path) {
  auto reader = RecordLogReader::Open(path);
  if (absl::IsNotFound(reader.status())) return 0;
  KUR_RETURN_IF_ERROR(reader.status());
  int64_t offset = 0;
  std::string payload;
  while (true) {
    const absl::Status status = (*reader)->Read(&offset, &payload);
    if (absl::IsOutOfRange(status)) return offset;
    KUR_RETURN_IF_ERROR(status);
  }
}

absl::StatusOr<std::unique_ptr<RecordLogWriter>> RecordLogWriter::Open(FileSystem& files,
                                                                       const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const int64_t valid, ValidRecordLogSize(path));
  if (Exists(path)) {
    KUR_ASSIGN_OR_RETURN(const int64_t size, FileSize(path));
    if (size > valid) KUR_RETURN_IF_ERROR(files.Truncate(path, valid));
  }
  KUR_ASSIGN_OR_RETURN(auto file, files.OpenForAppend(path, /*truncate=*/false));
  return std::unique_ptr<RecordLogWriter>(new RecordLogWriter(std::move(file), valid));
}

absl::Status RecordLogWriter::Append(absl::string_view payload) {
  if (payload.size() > kMaxRecordBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a record of ", payload.size(), " bytes is over the limit"));
  }
  std::string record(kHeaderBytes, '\0');
  PutLittleEndian(static_cast<uint32_t>(payload.size()), &record[0]);
  PutLittleEndian(Checksum(payload), &record[4]);
  record.append(payload.data(), payload.size());
  KUR_RETURN_IF_ERROR(file_->Append(record));
  size_ += static_cast<int64_t>(record.size());
  return absl::OkStatus();
}

absl::Status RecordLogWriter::Sync() { return file_->Sync(); }

}  // namespace kur
