#include "engine/formats/idx.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/open_beneath.h"
#include "engine/base/status.h"
#include "engine/base/unique_fd.h"
#include "engine/formats/byte_input.h"

namespace kur {
namespace {

constexpr int64_t kMagicSize = 4;
constexpr int64_t kExtentSize = 4;

struct IdxType {
  uint8_t code;
  DType dtype;
};
constexpr IdxType kTypes[] = {
    {0x08, DType::kUint8}, {0x09, DType::kInt8},    {0x0B, DType::kInt16},
    {0x0C, DType::kInt32}, {0x0D, DType::kFloat32}, {0x0E, DType::kFloat64},
};

struct IdxHeader {
  DType dtype = DType::kUint8;
  std::vector<int64_t> shape;
  int64_t size() const { return kMagicSize + kExtentSize * static_cast<int64_t>(shape.size()); }
};

absl::Status DamagedAt(int64_t offset, absl::string_view what) {
  return absl::DataLossError(absl::StrCat("at offset ", offset, ": ", what));
}

uint32_t LoadBigEndian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

std::string StoreBigEndian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

absl::StatusOr<IdxHeader> ReadHeader(ByteInput& input) {
  uint8_t magic[kMagicSize];
  KUR_ASSIGN_OR_RETURN(int64_t got, input.Read(magic, kMagicSize));
  if (got < kMagicSize) {
    return DamagedAt(got, absl::StrCat("the file ends within the first ", kMagicSize, " bytes"));
  }
  if (magic[0] != 0 || magic[1] != 0) {
    return DamagedAt(
        0, absl::StrFormat("not an IDX file: expected the bytes 00 00, found %02x %02x", magic[0],
                           magic[1]));
  }
  IdxHeader header;
  const IdxType* type = nullptr;
  for (const IdxType& known : kTypes) {
    if (known.code == magic[2]) type = &known;
  }
  if (type == nullptr) {
    return DamagedAt(2, absl::StrFormat("unknown IDX element type 0x%02x", magic[2]));
  }
  header.dtype = type->dtype;
  std::vector<uint8_t> extents(static_cast<size_t>(magic[3] * kExtentSize));
  KUR_ASSIGN_OR_RETURN(got, input.Read(extents.data(), static_cast<int64_t>(extents.size())));
  if (got < static_cast<int64_t>(extents.size())) {
    return DamagedAt(kMagicSize + got, absl::StrCat("the file ends within the extents of its ",
                                                    int{magic[3]}, " axes"));
  }
  for (int axis = 0; axis < magic[3]; ++axis) {
    header.shape.push_back(LoadBigEndian(&extents[static_cast<size_t>(axis * kExtentSize)]));
  }
  return header;
}

absl::StatusOr<Array> Parse(ByteInput& input) {
  KUR_ASSIGN_OR_RETURN(const IdxHeader header, ReadHeader(input));
  const int64_t item_size = ItemSize(header.dtype);
  const auto count = CountElements(header.shape, item_size);
  if (!count.ok()) return DamagedAt(kMagicSize, count.status().message());
  const int64_t size = *count * item_size;
  const int64_t most = input.MaxBytes() - header.size();
  if (size > most) {
    return DamagedAt(header.size(),
                     absl::StrCat("the header promises ", size, " bytes of data, but the file ",
                                  "cannot hold more than ", most));
  }
  SharedBytes mapped;
  if (item_size == 1) mapped = input.Map(size, item_size);
  Array::Bytes bytes;
  if (mapped.data == nullptr) {
    KUR_ASSIGN_OR_RETURN(bytes, ReadBytes(input, size));
  }
  const auto have = mapped.data != nullptr ? size : static_cast<int64_t>(bytes.size());
  if (have < size) {
    return DamagedAt(header.size() + have,
                     absl::StrCat("the file ends after ", have, " bytes of data, expected ", size));
  }
  uint8_t extra;
  KUR_ASSIGN_OR_RETURN(const int64_t more, input.Read(&extra, 1));
  if (more > 0) {
    return DamagedAt(header.size() + size,
                     absl::StrCat("there is more after the ", size, " bytes that were expected"));
  }
  if (mapped.data != nullptr) {
    return Array::FromShared(header.dtype, header.shape, std::move(mapped));
  }
  SwapBytes(bytes.data(), bytes.size(), item_size);
  return Array::FromBytes(header.dtype, header.shape, std::move(bytes));
}

absl::StatusOr<std::string> FormatHeader(DType dtype, const std::vector<int64_t>& shape) {
  const IdxType* type = nullptr;
  for (const IdxType& known : kTypes) {
    if (known.dtype == dtype) type = &known;
  }
  if (type == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("IDX files cannot hold ", Name(dtype)));
  }
  if (shape.size() > 255) return absl::InvalidArgumentError("IDX files have at most 255 axes");
  std::string header = {0, 0, static_cast<char>(type->code), static_cast<char>(shape.size())};
  for (const int64_t extent : shape) {
    if (extent > std::numeric_limits<uint32_t>::max()) {
      return absl::InvalidArgumentError(
          absl::StrCat("an extent of ", extent, " is more than an IDX file can say"));
    }
    header += StoreBigEndian(static_cast<uint32_t>(extent));
  }
  return header;
}

std::string BigEndianBytes(const Array& array) {
  std::string bytes(reinterpret_cast<const char*>(array.bytes()),
                    static_cast<size_t>(array.byte_size()));
  SwapBytes(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size(), ItemSize(array.dtype()));
  return bytes;
}

// An open file whose rows are changed in place. Not thread-safe.
struct RowFile {
  UniqueFd fd;
  IdxHeader header;
  int64_t row_size = 0;
  int64_t size = 0;

  int64_t OffsetOf(int64_t row) const { return header.size() + row * row_size; }
  // Returns how many of the rows in the header's count are whole.
  int64_t WholeRows() const {
    const int64_t data = size - header.size();
    return row_size == 0 ? header.shape[0] : std::min(header.shape[0], data / row_size);
  }
};

absl::Status WriteAt(int fd, absl::string_view data, int64_t offset) {
  while (!data.empty()) {
    const ssize_t written = pwrite(fd, data.data(), data.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoToStatus(errno, "cannot write");
    data.remove_prefix(static_cast<size_t>(written));
    offset += written;
  }
  return absl::OkStatus();
}

absl::Status WriteRowCount(const RowFile& file, int64_t rows) {
  return WriteAt(file.fd.get(), StoreBigEndian(static_cast<uint32_t>(rows)), kMagicSize);
}

absl::StatusOr<RowFile> OpenRowFile(const std::string& path, int flags) {
  RowFile file;
  KUR_ASSIGN_OR_RETURN(file.fd, OpenWithoutLinks(path, flags, 0644));
  struct stat info;
  if (fstat(file.fd.get(), &info) != 0) return ErrnoToStatus(errno, "cannot stat " + path);
  file.size = info.st_size;
  if (file.size == 0 && (flags & O_CREAT) != 0) return file;
  // Enough for a header with the maximal number of axes.
  std::string start(kMagicSize + 255 * kExtentSize, '\0');
  const ssize_t got = pread(file.fd.get(), start.data(), start.size(), 0);
  if (got < 0) return ErrnoToStatus(errno, "cannot read " + path);
  start.resize(static_cast<size_t>(got));
  KUR_ASSIGN_OR_RETURN(file.header, ReadHeader(*ByteInput::FromMemory(start)));
  if (file.header.shape.empty()) return DamagedAt(3, "the file has no axis to hold rows along");
  std::vector<int64_t> row(file.header.shape.begin() + 1, file.header.shape.end());
  const auto count = CountElements(row, ItemSize(file.header.dtype));
  if (!count.ok()) return DamagedAt(kMagicSize, count.status().message());
  file.row_size = *count * ItemSize(file.header.dtype);
  return file;
}

absl::Status CheckRows(const RowFile& file, const Array& rows) {
  const std::vector<int64_t>& have = file.header.shape;
  const std::vector<int64_t>& add = rows.shape();
  if (file.header.dtype != rows.dtype()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the file holds ", Name(file.header.dtype), ", not ", Name(rows.dtype())));
  }
  if (std::vector<int64_t>(have.begin() + 1, have.end()) !=
      std::vector<int64_t>(add.begin() + 1, add.end())) {
    return absl::FailedPreconditionError("the file holds rows of another shape");
  }
  if (file.WholeRows() < have[0]) {
    return absl::DataLossError(
        absl::StrCat("the file counts ", have[0], " rows but holds only ", file.WholeRows()));
  }
  if (have[0] + add[0] > std::numeric_limits<uint32_t>::max()) {
    return absl::FailedPreconditionError("the file is full: IDX counts no further than 2^32-1");
  }
  return absl::OkStatus();
}

absl::Status Append(const std::string& path, const Array& rows) {
  if (rows.rank() == 0) return absl::InvalidArgumentError("there is no axis to hold rows along");
  std::vector<int64_t> shape = rows.shape();
  shape[0] = 0;
  KUR_ASSIGN_OR_RETURN(const std::string empty, FormatHeader(rows.dtype(), shape));
  KUR_ASSIGN_OR_RETURN(RowFile file, OpenRowFile(path, O_RDWR | O_CREAT));
  if (file.size == 0) {
    KUR_RETURN_IF_ERROR(WriteAt(file.fd.get(), empty, 0));
    file.header = {rows.dtype(), shape};
    file.size = file.header.size();
    file.row_size = rows.shape()[0] == 0 ? 0 : rows.byte_size() / rows.shape()[0];
  }
  KUR_RETURN_IF_ERROR(CheckRows(file, rows));
  const int64_t counted = file.header.shape[0];
  KUR_RETURN_IF_ERROR(WriteAt(file.fd.get(), BigEndianBytes(rows), file.OffsetOf(counted)));
  if (ftruncate(file.fd.get(), file.OffsetOf(counted) + rows.byte_size()) != 0) {
    return ErrnoToStatus(errno, "cannot cut");
  }
  return WriteRowCount(file, counted + rows.shape()[0]);
}

}  // namespace

absl::StatusOr<Array> ReadIdx(const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const auto input, ByteInput::OpenFile(path));
  auto array = Parse(*input);
  if (!array.ok()) return Annotate(array.status(), path);
  return array;
}

absl::StatusOr<Array> ParseIdx(absl::string_view data, absl::string_view name) {
  auto array = Parse(*ByteInput::FromMemory(data));
  if (!array.ok()) return Annotate(array.status(), name);
  return array;
}

absl::StatusOr<std::string> FormatIdx(const Array& array) {
  KUR_ASSIGN_OR_RETURN(const std::string header, FormatHeader(array.dtype(), array.shape()));
  return header + BigEndianBytes(array);
}

absl::Status AppendIdx(const std::string& path, const Array& rows) {
  return Annotate(Append(path, rows), path);
}

absl::StatusOr<IdxRows> CountIdxRows(const std::string& path) {
  const auto file = OpenRowFile(path, O_RDONLY);
  if (!file.ok()) return Annotate(file.status(), path);
  IdxRows rows;
  rows.counted = file->header.shape[0];
  rows.present = file->WholeRows();
  rows.trailing = file->size > file->OffsetOf(rows.present);
  return rows;
}

absl::Status TruncateIdx(const std::string& path, int64_t rows) {
  const auto file = OpenRowFile(path, O_RDWR);
  if (!file.ok()) return Annotate(file.status(), path);
  // Write the count first: a crash in between leaves bytes that no count includes.
  KUR_RETURN_IF_ERROR(Annotate(WriteRowCount(*file, rows), path));
  if (ftruncate(file->fd.get(), file->OffsetOf(rows)) != 0) {
    return ErrnoToStatus(errno, "cannot cut " + path);
  }
  return absl::OkStatus();
}

}  // namespace kur
