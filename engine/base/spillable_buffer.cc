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

// Less is not worth a file, nor to be counted.
constexpr size_t kLeastInFile = size_t{1} << 20;

// How much is in memory, and where the rest goes.
class Account {
 public:
  void SetOverflow(std::string folder, int64_t most_bytes) {
    const absl::MutexLock lock(&mutex_);
    folder_ = std::move(folder);
    most_bytes_ = most_bytes;
  }

  // Counts a change from `before` to `after` bytes in memory; false, and nothing is counted, if
  // they have to go to a file.
  bool Change(size_t before, size_t after) {
    const int64_t change = Counted(after) - Counted(before);
    if (change == 0) return true;
    const absl::MutexLock lock(&mutex_);
    if (change > 0 && !folder_.empty() && bytes_ + change > most_bytes_) return false;
    bytes_ += change;
    return true;
  }

  std::string folder() const {
    const absl::MutexLock lock(&mutex_);
    return folder_;
  }

 private:
  static int64_t Counted(size_t size) {
    return size < kLeastInFile ? 0 : static_cast<int64_t>(size);
  }

  mutable absl::Mutex mutex_;
  std::string folder_ ABSL_GUARDED_BY(mutex_);
  int64_t most_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

Account& TheAccount() {
  static auto* const account = new Account();
  return *account;
}

[[noreturn]] void ThrowNoRoom(const std::string& folder, int error) {
  throw SpillableBuffer::NoRoom(
      absl::StrCat("the data do not fit into memory, and a file for them in ", folder,
                   " cannot be had: ", std::strerror(error)));
}

// Gives the file blocks on the disk for all of `size`, where the file system can: writing to a
// mapping must not find the disk full.
void Reserve(int file, const std::string& folder, size_t size) {
  const auto length = static_cast<off_t>(size);
  if (fallocate(file, 0, 0, length) == 0) return;
  if (errno != EOPNOTSUPP || ftruncate(file, length) != 0) ThrowNoRoom(folder, errno);
}

int OpenWithoutName(const std::string& folder) {
  const int file = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
  // A file system that cannot make it without a name.
  std::string name = absl::StrCat(folder, "/overflow-XXXXXX");
  const int named = mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) unlink(name.c_str());
  return named;
}

}  // namespace

void SpillableBuffer::SetOverflow(std::string folder, int64_t most_bytes) {
  TheAccount().SetOverflow(std::move(folder), most_bytes);
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
  if (file_ >= 0) return ResizeFile(TheAccount().folder(), size);
  if (!TheAccount().Change(size_, size)) return MoveToFile(TheAccount().folder(), size);
  ResizeInMemory(size);
}

void SpillableBuffer::ResizeInMemory(size_t size) {
  void* const changed = std::realloc(data_, size);
  if (changed == nullptr) {
    TheAccount().Change(size, size_);
    throw std::bad_alloc();
  }
  data_ = static_cast<uint8_t*>(changed);
  size_ = size;
}

void SpillableBuffer::MoveToFile(const std::string& folder, size_t size) {
  SpillableBuffer moved;
  moved.file_ = OpenWithoutName(folder);
  if (moved.file_ < 0) ThrowNoRoom(folder, errno);
  moved.ResizeFile(folder, size);
  std::copy_n(data_, size_, moved.data_);
  *this = std::move(moved);
}

void SpillableBuffer::ResizeFile(const std::string& folder, size_t size) {
  const size_t before = size_;
  if (size > before) Reserve(file_, folder, size);
  void* const mapped = data_ == nullptr
                           ? mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0)
                           : mremap(data_, before, size, MREMAP_MAYMOVE);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  // Samples are asked for in any order: what lies around one would be read in vain.
  madvise(mapped, size, MADV_RANDOM);
  data_ = static_cast<uint8_t*>(mapped);
  size_ = size;
  // A file that stays longer than need be does no harm.
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
    TheAccount().Change(size_, 0);
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
