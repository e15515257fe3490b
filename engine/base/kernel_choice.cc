#include "engine/base/kernel_choice.h"

#include <atomic>

namespace kur {
namespace {

std::atomic<int> refusals{0};  // of WithoutFusedKernels that live

}  // namespace

bool FusedKernelsAllowed() { return refusals.load(std::memory_order_relaxed) == 0; }

WithoutFusedKernels::WithoutFusedKernels() { ++refusals; }
WithoutFusedKernels::~WithoutFusedKernels() { --refusals; }

}  // namespace kur
