#ifndef KUR_ENGINE_BASE_SPILLABLE_BUFFER_H_
#define KUR_ENGINE_BASE_SPILLABLE_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

namespace kur {

// A byte buffer whose size is decided by the file that it was read from. Beyond the limit of
// SetSpillFolder(), which all buffers of the process share, a buffer is a mapped file without a
// name. The kernel then writes pages out when memory is short and reads them back: a data set
// larger than memory trains, only slower. Large buffers grow by remapping pages, not by copying.
// Movable. Not thread-safe; different buffers are independent.
class SpillableBuffer {
 public:
  // Thrown if there is neither memory nor disk space; what() says what failed.
  class OutOfSpace : public std::bad_alloc {
   public:
    explicit OutOfSpace(std::string what) : what_(std::move(what)) {}
    const char* what() const noexcept override { return what_.c_str(); }

   private:
    std::string what_;
  };

  // Spills every later allocation that would make all buffers larger than `max_memory_bytes`
  // together to unnamed files in `folder`. Before the first call, and for an empty `folder`, all
  // buffers are in memory. Thread-safe.
  static void SetSpillFolder(std::string folder, int64_t max_memory_bytes);

  SpillableBuffer() = default;
  explicit SpillableBuffer(size_t size) { resize(size); }
  // Copies the bytes in [begin, end).
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

  // Changes the size; new bytes are not initialized. Throws OutOfSpace if the disk is full, else
  // std::bad_alloc if there is no memory; the buffer is then unchanged.
  void resize(size_t size);

 private:
  void ResizeInMemory(size_t size);
  // Moves the bytes from memory to a new mapped file.
  void MoveToFile(const std::string& folder, size_t size);
  void ResizeFile(const std::string& folder, size_t size);
  void Free();

  uint8_t* data_ = nullptr;  // aligned for all types
  size_t size_ = 0;
  int file_ = -1;  // -1: in memory
};

// Starts to read these bytes of a mapped file and returns at once. Several calls in a row let the
// disk read their ranges in parallel.
void Prefetch(const void* data, size_t size);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_SPILLABLE_BUFFER_H_
