#include "engine/base/time_slice.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <thread>

#include "gtest/gtest.h"

namespace kur {
namespace {

// The first 48 bytes of the kernel's `struct sched_attr`; the slice is at byte 24.
struct Attributes {
  uint64_t words[6] = {};
};

// The slice of the calling thread in nanoseconds: 0 where the kernel has one for all.
uint64_t Slice() {
  Attributes attributes;
  EXPECT_EQ(syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0), 0);
  return attributes.words[3];
}

TEST(TimeSliceTest, IsTheShortestForAThreadAndThoseThatItStarts) {
  std::thread([] {
    const uint64_t usual = Slice();
    if (usual == 0) GTEST_SKIP() << "before Linux 6.12 all threads have the same slice";
    ASSERT_GT(usual, 100'000U);
    RequestShortTimeSlices();
    EXPECT_EQ(Slice(), 100'000U);
    std::thread([] { EXPECT_EQ(Slice(), 100'000U); }).join();
  }).join();
  std::thread([] { EXPECT_NE(Slice(), 100'000U) << "other threads keep theirs"; }).join();
}

}  // namespace
}  // namespace kur
