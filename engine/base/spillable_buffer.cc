#include "engine/base/spillable_buffer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

namespace kur {
namespace {

// Smaller buffers stay in memory and are not counted.
constexpr size_t kMinSpillBytes = size_t{1} << 20;

// Counts the bytes of all buffers in memory and names the folder for the rest. Thread-safe.
class MemoryBudget {
 public:
  void SetSpillFolder(std::string folder, int64_t max_memory_bytes) {
    const absl::MutexLock lock(&mutex_);
    folder_ = std::move(folder);
    max_memory_bytes_ = max_memory_bytes;
  }

  // Counts a change from `before` to `after` bytes in memory. Returns false, and counts nothing, if
  // the buffer must move to a file.
  bool TryResize(size_t before, size_t after) {
    const int64_t change = CountedBytes(after) - CountedBytes(before);
    if (change == 0) return true;
    const absl::MutexLock lock(&mutex_);
    if (change > 0 && !folder_.empty() && bytes_ + change > max_memory_bytes_) return false;
    bytes_ += change;
    return true;
  }

  std::string folder() const {
    const absl::MutexLock lock(&mutex_);
    return folder_;
  }

 private:
  static int64_t CountedBytes(size_t size) {
    return size < kMinSpillBytes ? 0 : static_cast<int64_t>(size);
  }

  mutable absl::Mutex mutex_;
  std::string folder_ ABSL_GUARDED_BY(mutex_);
  int64_t max_memory_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

MemoryBudget& GlobalBudget() {
  static auto* const budget = new MemoryBudget();
  return *budget;
}

[[noreturn]] void ThrowOutOfSpace(const std::string& folder, int error) {
  throw SpillableBuffer::OutOfSpace(
      absl::StrCat("the data do not fit into memory, and a file for them in ", folder,
                   " cannot be had: ", std::strerror(error)));
}

// Allocates disk blocks for all of `size` if the file system can: a write to the mapping must not
// meet a full disk.
void AllocateBlocks(int file, const std::string& folder, size_t size) {
  const auto length = static_cast<off_t>(size);
  if (fallocate(file, 0, 0, length) == 0) return;
  if (errno != EOPNOTSUPP || ftruncate(file, length) != 0) ThrowOutOfSpace(folder, errno);
}

int OpenUnnamedFile(const std::string& folder) {
  const int file = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
  // The file system has no O_TMPFILE.
  std::string name = absl::StrCat(folder, "/overflow-XXXXXX");
  const int named = mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) unlink(name.c_str());
  return named;
}

}  // namespace

void SpillableBuffer::SetSpillFolder(std::string folder, int64_t max_memory_bytes) {
  GlobalBudget().SetSpillFolder(std::move(folder), max_memory_bytes);
}

SpillableBuffer::SpillableBuffer(const uint8_t* begin, const uint8_t* end) {
  resize(static_cast<size_t>(end - begin));
  std::copy(begin, end, data_);
}

SpillableBuffer& SpillableBuffer::operator=(SpillableBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(file_, other.file_);
  return *this;
}

void SpillableBuffer::resize(size_t size) {
  if (size == size_) return;
  if (size == 0) return Free();
  if (file_ >= 0) return ResizeFile(GlobalBudget().folder(), size);
  if (!GlobalBudget().TryResize(size_, size)) return MoveToFile(GlobalBudget().folder(), size);
  ResizeInMemory(size);
}

void SpillableBuffer::ResizeInMemory(size_t size) {
  void* const changed = std::realloc(data_, size);
  if (changed == nullptr) {
    GlobalBudget().TryResize(size, size_);
    throw std::bad_alloc();
  }
  data_ = static_cast<uint8_t*>(changed);
  size_ = size;
}

void SpillableBuffer::MoveToFile(const std::string& folder, size_t size) {
  SpillableBuffer moved;
  moved.file_ = OpenUnnamedFile(folder);
  if (moved.file_ < 0) ThrowOutOfSpace(folder, errno);
  moved.ResizeFile(folder, size);
  std::copy_n(data_, size_, moved.data_);
  *this = std::move(moved);
}

void SpillableBuffer::ResizeFile(const std::string& folder, size_t size) {
  const size_t before = size_;
  if (size > before) AllocateBlocks(file_, folder, size);
  void* const mapped = data_ == nullptr
                           ? mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0)
                           : mremap(data_, before, size, MREMAP_MAYMOVE);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  // Samples are read in random order: read-ahead would read their neighbors in vain.
  madvise(mapped, size, MADV_RANDOM);
  data_ = static_cast<uint8_t*>(mapped);
  size_ = size;
  // A file that stays too long does no harm.
  if (size < before) static_cast<void>(ftruncate(file_, static_cast<off_t>(size)));
}

void Prefetch(const void* data, size_t size) {
  static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t before = reinterpret_cast<uintptr_t>(data) % page;
  auto* const first = const_cast<uint8_t*>(static_cast<const uint8_t*>(data)) - before;
  madvise(first, size + before, MADV_WILLNEED);
}

void SpillableBuffer::Free() {
  if (file_ < 0) {
    GlobalBudget().TryResize(size_, 0);
    std::free(data_);
  } else {
    if (data_ != nullptr) munmap(data_, size_);
    close(file_);
  }
  data_ = nullptr;
  size_ = 0;
  file_ = -1;
}

}  // namespace kur
