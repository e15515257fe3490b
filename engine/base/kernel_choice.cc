#include "engine/base/kernel_choice.h"

#include <atomic>

namespace kur {
namespace {

std::atomic<int> guards{0};  // WithoutFusedKernels objects that exist

}  // namespace

bool FusedKernelsAllowed() { return guards.load(std::memory_order_relaxed) == 0; }

WithoutFusedKernels::WithoutFusedKernels() { ++guards; }
WithoutFusedKernels::~WithoutFusedKernels() { --guards; }

}  // namespace kur
