#include "engine/train/autocast.h"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

// From 2.4 on, the device is an argument.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
#define KUR_AUTOCAST_BY_DEVICE 1
#else
#define KUR_AUTOCAST_BY_DEVICE 0
#endif

namespace kur {
namespace {

void SetEnabled(bool on_cpu, bool enabled) {
#if KUR_AUTOCAST_BY_DEVICE
  at::autocast::set_autocast_enabled(on_cpu ? at::kCPU : at::kCUDA, enabled);
#else
  if (on_cpu) {
    at::autocast::set_cpu_enabled(enabled);
  } else {
    at::autocast::set_enabled(enabled);
  }
#endif
}

void SetType(bool on_cpu, at::ScalarType type) {
#if KUR_AUTOCAST_BY_DEVICE
  at::autocast::set_autocast_dtype(on_cpu ? at::kCPU : at::kCUDA, type);
#else
  if (on_cpu) {
    at::autocast::set_autocast_cpu_dtype(type);
  } else {
    at::autocast::set_autocast_gpu_dtype(type);
  }
#endif
}

}  // namespace

Autocast::Autocast(const std::string& precision, c10::Device device)
    : active_(precision != "float32"), on_cpu_(device.is_cpu()) {
  if (!active_) return;
  SetType(on_cpu_, precision == "bf16" ? at::kBFloat16 : at::kHalf);
  SetEnabled(on_cpu_, true);
  at::autocast::increment_nesting();
}

Autocast::~Autocast() {
  if (!active_) return;
  // Weights that were cast are kept until here; the next step changes them.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  SetEnabled(on_cpu_, false);
}

}  // namespace kur
