#ifndef KUR_ENGINE_BASE_SPILLABLE_VECTOR_H_
#define KUR_ENGINE_BASE_SPILLABLE_VECTOR_H_

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "engine/base/spillable_buffer.h"

namespace kur {

// A contiguous vector of values over a SpillableBuffer. It grows by an eighth, so that a reader
// that does not know the final size never allocates much more than it has read. Throws
// std::bad_alloc. Movable. Not thread-safe.
template <class T>
class SpillableVector {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  void Push(T value) {
    if (size_ == capacity_) Grow();
    values_[size_++] = value;
  }

  int64_t size() const { return size_; }
  const T* data() const { return values_; }

  // Starts to read `count` values from disk and returns at once. Does nothing for a vector in
  // memory.
  void Prefetch(int64_t first, int64_t count) const {
    if (bytes_.in_file()) kur::Prefetch(values_ + first, static_cast<size_t>(count) * sizeof(T));
  }

 private:
  void Grow() {
    constexpr int64_t kMinCapacity = 16;
    const int64_t capacity = std::max(kMinCapacity, capacity_ + (capacity_ + 7) / 8);
    bytes_.resize(static_cast<size_t>(capacity) * sizeof(T));
    values_ = reinterpret_cast<T*>(bytes_.data());
    capacity_ = capacity;
  }

  SpillableBuffer bytes_;
  T* values_ = nullptr;  // points into bytes_
  int64_t size_ = 0;
  int64_t capacity_ = 0;
};

}  // namespace kur

#endif  // KUR_ENGINE_BASE_SPILLABLE_VECTOR_H_
