#include "tests/testing/poisoned_memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <torch/version.h>

#include <cstring>

namespace kur::testing {
namespace {

class PoisonedAllocator : public c10::Allocator {
 public:
#if TORCH_VERSION_MAJOR == 1
  c10::DataPtr allocate(size_t bytes) const override { return Allocate(bytes); }
#else
  c10::DataPtr allocate(size_t bytes) override { return Allocate(bytes); }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
#endif
  c10::DeleterFnPtr raw_deleter() const override { return &c10::free_cpu; }

 private:
  static c10::DataPtr Allocate(size_t bytes) {
    void* const data = bytes == 0 ? nullptr : c10::alloc_cpu(bytes);
    if (data != nullptr) std::memset(data, 0xFF, bytes);
    return {data, data, &c10::free_cpu, c10::Device(c10::kCPU)};
  }
};

}  // namespace

void PoisonTensorMemory() {
  static PoisonedAllocator allocator;
  constexpr uint8_t kAboveTheUsual = 100;
  c10::SetAllocator(c10::kCPU, &allocator, kAboveTheUsual);
}

}  // namespace kur::testing
