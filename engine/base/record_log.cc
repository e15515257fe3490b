#include "engine/base/record_log.h"

#include <zlib.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur {
namespace {

constexpr size_t kHeaderBytes = 8;

void PutLittleEndian(uint32_t value, char* to) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<char>(value >> (8 * i));
}

uint32_t GetLittleEndian(const char* from) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(from[i]);
  return value;
}

}  // namespace

uint32_t RecordChecksum(absl::string_view payload) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(payload.data()), static_cast<uInt>(payload.size())));
}

absl::StatusOr<std::unique_ptr<RecordLogReader>> RecordLogReader::Open(FileSystem& files,
                                                                       const std::string& path) {
  KUR_ASSIGN_OR_RETURN(auto file, files.OpenForReading(path));
  return std::unique_ptr<RecordLogReader>(new RecordLogReader(std::move(file), path));
}

absl::Status RecordLogReader::Read(int64_t* offset, std::string* payload) const {
  std::array<char, kHeaderBytes> header;
  KUR_ASSIGN_OR_RETURN(const size_t got, file_->Read(*offset, kHeaderBytes, header.data()));
  if (got < kHeaderBytes) return absl::OutOfRangeError("end of the log");
  const uint32_t length = GetLittleEndian(header.data());
  if (length > RecordLogWriter::kMaxRecordBytes) {
    return absl::DataLossError(
        absl::StrCat(path_, ": impossible record length ", length, " at offset ", *offset));
  }
  KUR_ASSIGN_OR_RETURN(const int64_t size, file_->Size());
  const int64_t begin = *offset + static_cast<int64_t>(kHeaderBytes);
  const int64_t end = begin + length;
  if (end > size) return absl::OutOfRangeError("end of the log");
  payload->resize(length);
  KUR_ASSIGN_OR_RETURN(const size_t read, file_->Read(begin, length, &(*payload)[0]));
  if (read < length) return absl::OutOfRangeError("end of the log");
  if (RecordChecksum(*payload) != GetLittleEndian(header.data() + 4)) {
    // A torn last record may have its full length without its bytes.
    if (end == size) return absl::OutOfRangeError("torn record at the end of the log");
    return absl::DataLossError(absl::StrCat(path_, ": damaged record at offset ", *offset));
  }
  *offset = end;
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ValidRecordLogSize(FileSystem& files, const std::string& path) {
  auto reader = RecordLogReader::Open(files, path);
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
  KUR_ASSIGN_OR_RETURN(const int64_t valid, ValidRecordLogSize(files, path));
  return OpenAt(files, path, valid);
}

absl::StatusOr<std::unique_ptr<RecordLogWriter>> RecordLogWriter::OpenAt(FileSystem& files,
                                                                         const std::string& path,
                                                                         int64_t size) {
  KUR_ASSIGN_OR_RETURN(auto file, files.OpenForAppend(path, /*truncate=*/false));
  KUR_RETURN_IF_ERROR(file->Truncate(size));
  return std::unique_ptr<RecordLogWriter>(new RecordLogWriter(std::move(file), size));
}

absl::Status RecordLogWriter::Append(absl::string_view payload) {
  if (payload.size() > kMaxRecordBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a record of ", payload.size(), " bytes is over the limit"));
  }
  std::string record(kHeaderBytes, '\0');
  PutLittleEndian(static_cast<uint32_t>(payload.size()), &record[0]);
  PutLittleEndian(RecordChecksum(payload), &record[4]);
  record.append(payload.data(), payload.size());
  KUR_RETURN_IF_ERROR(file_->Append(record));
  size_ += static_cast<int64_t>(record.size());
  return absl::OkStatus();
}

absl::Status RecordLogWriter::Sync() { return file_->Sync(); }

}  // namespace kur
