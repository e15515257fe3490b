#ifndef KUR_ENGINE_BASE_SPILLABLE_BUFFER_H_
#define KUR_ENGINE_BASE_SPILLABLE_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

namespace kur {

// The bytes of data whose amount a file decides. All of a process together take only so much of the
// memory as SetOverflow() says; what is beyond lies in files without names, mapped, so that the
// kernel writes out what it needs the place of and reads it again: a set larger than memory trains,
// slower. Growing moves pages rather than copying them where there are many. Movable; not
// thread-safe, but different ones are independent.
class SpillableBuffer {
 public:
  // Neither memory nor, as what() says, a file could be had.
  class NoRoom : public std::bad_alloc {
   public:
    explicit NoRoom(std::string what) : what_(std::move(what)) {}
    const char* what() const noexcept override { return what_.c_str(); }

   private:
    std::string what_;
  };

  // From now on what would make more than `most_bytes` in all goes to files in `folder`. Before the
  // first call, and for an empty `folder`, all is kept in memory. Thread-safe.
  static void SetOverflow(std::string folder, int64_t most_bytes);

  SpillableBuffer() = default;
  explicit SpillableBuffer(size_t size) { resize(size); }
  // Copies.
  SpillableBuffer(const uint8_t* begin, const uint8_t* end);
  SpillableBuffer(SpillableBuffer&& other) noexcept { *this = std::move(other); }
  SpillableBuffer& operator=(SpillableBuffer&& other) noexcept;
  ~SpillableBuffer() { Free(); }

  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool in_file() const { return file_ >= 0; }
  uint8_t& operator[](size_t i) { return data_[i]; }
  uint8_t operator[](size_t i) const { return data_[i]; }
  uint8_t* begin() { return data_; }
  uint8_t* end() { return data_ + size_; }
  const uint8_t* begin() const { return data_; }
  const uint8_t* end() const { return data_ + size_; }

  // What is new is not initialized. Throws std::bad_alloc; NoRoom if it is the disk that is full.
  // Nothing has changed then.
  void resize(size_t size);

 private:
  void ResizeInMemory(size_t size);
  // Maps a new file instead of memory.
  void MoveToFile(const std::string& folder, size_t size);
  void ResizeFile(const std::string& folder, size_t size);
  void Free();

  uint8_t* data_ = nullptr;  // aligned for all types
  size_t size_ = 0;
  int file_ = -1;  // -1: in memory
};

// Begins to read the pages of a mapped file that hold these bytes, and does not wait for them:
// where several ranges will be needed, the disk reads them side by side.
void Prefetch(const void* data, size_t size);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_SPILLABLE_BUFFER_H_
