#include "engine/formats/byte_input.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/open_beneath.h"
#include "engine/base/status.h"
#include "engine/base/system_memory.h"
#include "engine/base/unique_fd.h"

namespace kur {
namespace {

constexpr int64_t kChunk = int64_t{1} << 20;
// Deflate encodes at most 258 bytes in 2 bits.
constexpr int64_t kMaxExpansion = 1032;
constexpr int64_t kMinMappedBytes = int64_t{1} << 20;

struct GzCloser {
  void operator()(gzFile file) const { gzclose(file); }
};

// Maps a part of a file. Returns no data if the kernel refuses.
SharedBytes MapFile(int fd, int64_t begin, int64_t size) {
  const int64_t before = begin % sysconf(_SC_PAGESIZE);
  const auto length = static_cast<size_t>(before + size);
  void* const pages = mmap(nullptr, length, PROT_READ, MAP_SHARED, fd, begin - before);
  if (pages == MAP_FAILED) return {};
  // Samples are read in random order: read-ahead is wasted unless the pages can stay in memory.
  const bool fits = size <= TotalMemoryBytes() / 2;
  madvise(pages, length, fits ? MADV_WILLNEED : MADV_RANDOM);
  const std::shared_ptr<void> owner(pages, [length](void* mapped) { munmap(mapped, length); });
  return {{owner, static_cast<const uint8_t*>(pages) + before}, size, !fits};
}

// Reads a file through zlib, which passes data unchanged that does not start as gzip does. Not
// thread-safe.
class FileInput : public ByteInput {
 public:
  // `mappable` is the same file if it is not compressed, else invalid.
  FileInput(std::unique_ptr<gzFile_s, GzCloser> file, UniqueFd mappable, int64_t max_bytes)
      : file_(std::move(file)), mappable_(std::move(mappable)), max_bytes_(max_bytes) {}

  absl::StatusOr<int64_t> Read(void* to, int64_t size) override {
    int64_t total = 0;
    while (total < size) {
      const auto chunk = static_cast<unsigned>(std::min(size - total, kChunk));
      const int got = gzread(file_.get(), static_cast<uint8_t*>(to) + total, chunk);
      if (got < 0) return Error();
      total += got;
      if (got == 0) break;
    }
    // gzread() reports a compressed stream that is cut short as an ordinary end.
    int error = Z_OK;
    gzerror(file_.get(), &error);
    if (error != Z_OK && error != Z_STREAM_END) return Error();
    return total;
  }

  SharedBytes Map(int64_t size, int64_t alignment) override {
    const int64_t begin = gztell(file_.get());
    struct stat info;
    if (!mappable_.valid() || size < kMinMappedBytes || begin % alignment != 0 ||
        fstat(mappable_.get(), &info) != 0 || size > info.st_size - begin) {
      return {};
    }
    SharedBytes mapped = MapFile(mappable_.get(), begin, size);
    if (mapped.data == nullptr || gzseek(file_.get(), begin + size, SEEK_SET) < 0) return {};
    return mapped;
  }

  int64_t MaxBytes() const override { return max_bytes_; }

 private:
  absl::Status Error() const {
    int error = Z_OK;
    const char* message = gzerror(file_.get(), &error);
    if (error == Z_ERRNO) return ErrnoToStatus(errno, "cannot read");
    return absl::DataLossError(error == Z_BUF_ERROR
                                   ? std::string("the gzip data is cut short")
                                   : absl::StrCat("the gzip data is damaged (", message, ")"));
  }

  std::unique_ptr<gzFile_s, GzCloser> file_;
  UniqueFd mappable_;
  int64_t max_bytes_;
};

class MemoryInput : public ByteInput {
 public:
  explicit MemoryInput(absl::string_view data)
      : data_(data), max_bytes_(static_cast<int64_t>(data.size())) {}

  absl::StatusOr<int64_t> Read(void* to, int64_t size) override {
    const size_t take = std::min(data_.size(), static_cast<size_t>(size));
    if (take > 0) std::memcpy(to, data_.data(), take);
    data_.remove_prefix(take);
    return static_cast<int64_t>(take);
  }

  int64_t MaxBytes() const override { return max_bytes_; }

 private:
  absl::string_view data_;
  int64_t max_bytes_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteInput>> ByteInput::OpenFile(const std::string& path) {
  KUR_ASSIGN_OR_RETURN(UniqueFd fd, OpenWithoutLinks(path, O_RDONLY));
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return ErrnoToStatus(errno, "cannot stat " + path);
  if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError(path + " is not a file");
  UniqueFd mappable(fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  std::unique_ptr<gzFile_s, GzCloser> file(gzdopen(fd.get(), "rb"));
  if (file == nullptr) return absl::ResourceExhaustedError("no memory to read " + path);
  fd.release();
  gzbuffer(file.get(), 1 << 18);
  const int64_t size = info.st_size;
  const bool compressed = gzdirect(file.get()) == 0;
  const bool countable = size < std::numeric_limits<int64_t>::max() / kMaxExpansion;
  const int64_t most = !compressed ? size : countable ? size * kMaxExpansion : INT64_MAX;
  if (compressed) mappable.reset();
  return std::make_unique<FileInput>(std::move(file), std::move(mappable), most);
}

std::unique_ptr<ByteInput> ByteInput::FromMemory(absl::string_view data) {
  return std::make_unique<MemoryInput>(data);
}

absl::StatusOr<Array::Bytes> ReadBytes(ByteInput& input, int64_t size) {
  Array::Bytes bytes;
  int64_t have = 0;
  while (have < size) {
    const int64_t step = std::min(size - have, std::max(kChunk, have));
    bytes.resize(static_cast<size_t>(have + step));
    KUR_ASSIGN_OR_RETURN(const int64_t got, input.Read(bytes.data() + have, step));
    have += got;
    if (got < step) break;
  }
  bytes.resize(static_cast<size_t>(have));
  return bytes;
}

}  // namespace kur
