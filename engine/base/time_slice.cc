#include "engine/base/time_slice.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace kur {
namespace {

// `struct sched_attr` of the kernel, which not every C library declares: see sched_setattr(2).
struct Attributes {
  uint32_t size = sizeof(Attributes);
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;  // the slice of a thread of the usual policy; nanoseconds, 0: the kernel's
  uint64_t deadline = 0;
  uint64_t period = 0;
};

// The kernel takes no less.
constexpr uint64_t kShortest = 100'000;

}  // namespace

void RequestShortTimeSlices() {
  Attributes attributes;
  // Setting one sets all: the others stay as they are. Other policies mean other things by it.
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0 ||
      attributes.policy != SCHED_OTHER) {
    return;
  }
  attributes.runtime = kShortest;
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace kur
