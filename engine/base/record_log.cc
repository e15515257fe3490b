#include "engine/base/record_log.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur {
namespace {

constexpr int64_t kHeaderBytes = 12;
constexpr int64_t kOldHeaderBytes = 8;
// Of the first number of a header: the highest bits, and how many are below them.
constexpr uint32_t kTag = 0b10110;
constexpr int kTagShift = 27;
constexpr int64_t kPieceBytes = int64_t{1} << 20;
// Records of the first version that are looked for behind damage: longer ones than its events are.
constexpr uint32_t kMaxSoughtBytes = 1u << 16;
constexpr int kMostSetAside = 1000;
// What is read and hashed at most to tell a torn end from damage. A worker can write a log, and so
// one that would be searched for ever; beyond this it is damaged, of which nothing is lost.
constexpr int64_t kMostSought = int64_t{1} << 20;
constexpr int64_t kMostHashed = int64_t{64} << 20;
constexpr int64_t kMostZeros = int64_t{64} << 20;
constexpr int64_t kMostKept = int64_t{4} << 30;

void PutLittleEndian(uint32_t value, char* to) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<char>(value >> (8 * i));
}

uint32_t GetLittleEndian(const char* from) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(from[i]);
  return value;
}

bool HasTag(const char* header) { return GetLittleEndian(header) >> kTagShift == kTag; }

uint32_t LengthOf(const char* header) {
  const uint32_t number = GetLittleEndian(header);
  return HasTag(header) ? number & ((1u << kTagShift) - 1) : number;
}

// Returns whether a header of today's version is whole.
bool IsHeader(const char* header) {
  return HasTag(header) && LengthOf(header) <= RecordLogWriter::kMaxRecordBytes &&
         RecordChecksum({header, 8}) == GetLittleEndian(header + 8);
}

// Returns whether `text` begins with a whole record of the first version; counts what that hashes.
bool BeginsWithOldRecord(absl::string_view text, int64_t* hashed) {
  if (text.size() < kOldHeaderBytes) return false;
  const uint32_t length = GetLittleEndian(text.data());
  if (length == 0 || length > kMaxSoughtBytes || length > text.size() - kOldHeaderBytes) {
    return false;
  }
  *hashed += length;
  return RecordChecksum(text.substr(kOldHeaderBytes, length)) == GetLittleEndian(text.data() + 4);
}

// Returns where the zeros begin that the file ends with, of which only so many are looked at.
absl::StatusOr<int64_t> BeginOfZeros(const RandomAccessFile& file, int64_t size) {
  const int64_t least = std::max<int64_t>(0, size - kMostZeros);
  std::string piece;
  while (size > least) {
    const int64_t begin = std::max(least, size - kPieceBytes);
    piece.resize(static_cast<size_t>(size - begin));
    KUR_ASSIGN_OR_RETURN(const size_t got, file.Read(begin, piece.size(), piece.data()));
    piece.resize(got);
    const size_t last = piece.find_last_not_of('\0');
    if (last != std::string::npos) return begin + static_cast<int64_t>(last) + 1;
    size = begin;
  }
  return size;
}

std::string SetAsideName(const std::string& path, int number) {
  return absl::StrCat(path, ".damaged-", number);
}

// Returns the first name under which damage can be set aside.
absl::StatusOr<std::string> FreeName(FileSystem& files, const std::string& path) {
  for (int i = 1; i <= kMostSetAside; ++i) {
    if (!files.Exists(SetAsideName(path, i))) return SetAsideName(path, i);
  }
  return absl::DataLossError(path + " was damaged too often");
}

}  // namespace

// What stands before a payload.
struct RecordLogReader::Header {
  uint32_t length = 0;
  uint32_t checksum = 0;
  int64_t begin = 0;  // of the payload
  bool is_old = false;
};

uint32_t RecordChecksum(absl::string_view payload) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(payload.data()), static_cast<uInt>(payload.size())));
}

absl::StatusOr<std::unique_ptr<RecordLogReader>> RecordLogReader::Open(FileSystem& files,
                                                                       const std::string& path) {
  KUR_ASSIGN_OR_RETURN(auto file, files.OpenForReading(path));
  return std::unique_ptr<RecordLogReader>(new RecordLogReader(std::move(file), path));
}

absl::StatusOr<RecordLogReader::Header> RecordLogReader::ReadHeader(int64_t offset,
                                                                    int64_t size) const {
  std::array<char, kHeaderBytes> bytes;
  KUR_ASSIGN_OR_RETURN(const size_t got, file_->Read(offset, kHeaderBytes, bytes.data()));
  if (got == 0) return absl::OutOfRangeError("end of the log");
  Header header;
  // Zeros are what a loss of power leaves, not an empty record of the first version.
  header.is_old = got >= kOldHeaderBytes && GetLittleEndian(bytes.data()) >> kTagShift == 0 &&
                  GetLittleEndian(bytes.data()) <= RecordLogWriter::kMaxRecordBytes &&
                  std::any_of(bytes.begin(), bytes.begin() + kOldHeaderBytes,
                              [](char byte) { return byte != 0; });
  const int64_t length = header.is_old ? kOldHeaderBytes : kHeaderBytes;
  if (!header.is_old && (got < kHeaderBytes || !IsHeader(bytes.data()))) {
    return Judge(offset, offset + kHeaderBytes, size);
  }
  header.length = LengthOf(bytes.data());
  header.checksum = GetLittleEndian(bytes.data() + 4);
  header.begin = offset + length;
  return header;
}

absl::Status RecordLogReader::Read(int64_t* offset, std::string* payload,
                                   uint32_t max_bytes) const {
  KUR_ASSIGN_OR_RETURN(const int64_t size, file_->Size());
  KUR_ASSIGN_OR_RETURN(const Header header, ReadHeader(*offset, size));
  const int64_t end = header.begin + header.length;
  if (end > size) {
    // Only today's headers are known to be whole: a bit of the length may have changed.
    KUR_ASSIGN_OR_RETURN(const bool goes_on, header.is_old ? HasRecordAfter(*offset, size)
                                                           : absl::StatusOr<bool>(false));
    return Judge(*offset, goes_on ? *offset : end, size);
  }
  if (header.length > max_bytes) {
    return absl::DataLossError(absl::StrCat(path_, ": a record of ", header.length,
                                            " bytes at offset ", *offset, " is over the limit"));
  }
  payload->resize(header.length);
  KUR_ASSIGN_OR_RETURN(const size_t read,
                       file_->Read(header.begin, header.length, payload->data()));
  if (read < header.length) return absl::OutOfRangeError("end of the log");
  if (RecordChecksum(*payload) != header.checksum) return Judge(*offset, end, size);
  *offset = end;
  return absl::OkStatus();
}

absl::Status RecordLogReader::Judge(int64_t offset, int64_t end, int64_t size) const {
  if (end < size) {
    KUR_ASSIGN_OR_RETURN(const int64_t zeros, BeginOfZeros(*file_, size));
    if (zeros >= end) {
      return absl::DataLossError(absl::StrCat(path_, ": damaged record at offset ", offset));
    }
  }
  return absl::OutOfRangeError("torn record at the end of the log");
}

absl::StatusOr<bool> RecordLogReader::HasRecordAfter(int64_t offset, int64_t size) const {
  if (size - offset > kMostSought) return true;
  std::string rest(static_cast<size_t>(size - offset), '\0');
  KUR_ASSIGN_OR_RETURN(const size_t got, file_->Read(offset, rest.size(), rest.data()));
  rest.resize(got);
  const absl::string_view text = rest;
  int64_t hashed = 0;
  for (size_t i = 1; i < text.size() && hashed <= kMostHashed; ++i) {
    const absl::string_view from = text.substr(i);
    if (from.size() >= kHeaderBytes && IsHeader(from.data())) return true;
    if (BeginsWithOldRecord(from, &hashed)) return true;
  }
  return hashed > kMostHashed;
}

absl::StatusOr<int64_t> ValidRecordLogSize(FileSystem& files, const std::string& path,
                                           int64_t* good) {
  auto reader = RecordLogReader::Open(files, path);
  if (absl::IsNotFound(reader.status())) return 0;
  KUR_RETURN_IF_ERROR(reader.status());
  int64_t offset = 0;
  std::string payload;
  while (true) {
    const absl::Status status = (*reader)->Read(&offset, &payload);
    if (absl::IsOutOfRange(status)) return offset;
    if (good != nullptr) *good = offset;
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
  PutLittleEndian(static_cast<uint32_t>(payload.size()) | kTag << kTagShift, &record[0]);
  PutLittleEndian(RecordChecksum(payload), &record[4]);
  PutLittleEndian(RecordChecksum(absl::string_view(record).substr(0, 8)), &record[8]);
  record.append(payload.data(), payload.size());
  KUR_RETURN_IF_ERROR(file_->Append(record));
  size_ += static_cast<int64_t>(record.size());
  return absl::OkStatus();
}

absl::Status RecordLogWriter::Sync() { return file_->Sync(); }

absl::StatusOr<std::string> SetAsideDamage(FileSystem& files, const std::string& path,
                                           int64_t offset) {
  KUR_ASSIGN_OR_RETURN(const std::string name, FreeName(files, path));
  KUR_ASSIGN_OR_RETURN(const auto from, files.OpenForReading(path));
  // Under another name until it is whole.
  const std::string begun = name + ".part";
  KUR_ASSIGN_OR_RETURN(const auto to, files.OpenForAppend(begun, /*truncate=*/true, 0600));
  std::string piece;
  int64_t kept = 0;
  do {
    piece.resize(kPieceBytes);
    KUR_ASSIGN_OR_RETURN(const size_t got, from->Read(offset + kept, piece.size(), piece.data()));
    piece.resize(got);
    kept += static_cast<int64_t>(got);
    // Zeros take no space in the copy: a file of a worker may have any number.
    const bool is_hole = piece.find_first_not_of('\0') == std::string::npos;
    KUR_RETURN_IF_ERROR(is_hole ? to->Truncate(kept) : to->Append(piece));
  } while (!piece.empty() && kept < kMostKept);
  KUR_RETURN_IF_ERROR(to->Sync());
  KUR_RETURN_IF_ERROR(to->Close());
  KUR_RETURN_IF_ERROR(files.Rename(begun, name));
  KUR_RETURN_IF_ERROR(files.SyncDirectory(DirectoryOf(name)));
  return name;
}

absl::StatusOr<std::string> MoveAside(FileSystem& files, const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const std::string name, FreeName(files, path));
  KUR_RETURN_IF_ERROR(files.Rename(path, name));
  KUR_RETURN_IF_ERROR(files.SyncDirectory(DirectoryOf(path)));
  return name;
}

bool HasDamageSetAside(FileSystem& files, const std::string& path) {
  return files.Exists(SetAsideName(path, 1));
}

}  // namespace kur
