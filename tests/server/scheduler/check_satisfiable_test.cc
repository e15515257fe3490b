#include <gtest/gtest.h>

#include "tests/server/scheduler/scheduling_helpers.h"

namespace kur::server {
namespace {

using Kind = DeviceRequest::Kind;

std::string MessageFor(const DeviceRequest& request, const std::vector<Device>& devices) {
  const absl::Status status = CheckSatisfiable(request, devices);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  return std::string(status.message());
}

TEST(CheckSatisfiableTest, AcceptsWhatTheInventoryHas) {
  EXPECT_TRUE(CheckSatisfiable(Ask(Kind::kAny), CpuSlots(1)).ok());
  EXPECT_TRUE(CheckSatisfiable(Ask(Kind::kAny, 2), CudaDevices(2)).ok());
  EXPECT_TRUE(CheckSatisfiable(Ask(Kind::kCpu, 2), CpuSlots(2)).ok());
  EXPECT_TRUE(CheckSatisfiable(Ask(Kind::kCuda, 2, {1, 3}), CudaDevices(4)).ok());
  EXPECT_TRUE(CheckSatisfiable(Ask(Kind::kCuda, 3, {}, {0}), CudaDevices(4)).ok());
}

TEST(CheckSatisfiableTest, IndicesDoNotMatterToCpuSlots) {
  EXPECT_TRUE(CheckSatisfiable(Ask(Kind::kAny, 1, {7}), CpuSlots(1)).ok());
}

TEST(CheckSatisfiableTest, SaysWhenTheKindIsMissing) {
  EXPECT_EQ(MessageFor(Ask(Kind::kCuda), CpuSlots(2)),
            "the job asks for 1 CUDA device, but this server has cpu0, cpu1; change "
            "settings.backend.device or settings.backend.parallel");
  EXPECT_EQ(MessageFor(Ask(Kind::kCpu, 2), CudaDevices(1)),
            "the job asks for 2 CPU slots, but this server has cuda0; change "
            "settings.backend.device or settings.backend.parallel");
}

TEST(CheckSatisfiableTest, SaysHowManyCouldBeUsed) {
  EXPECT_EQ(MessageFor(Ask(Kind::kCuda, 2, {1, 5}), CudaDevices(3)),
            "the job asks for 2 CUDA devices among 1, 5, but this server has cuda0, cuda1, cuda2, "
            "of which it could use 1; change settings.backend.device or settings.backend.parallel");
  EXPECT_EQ(MessageFor(Ask(Kind::kAny, 2, {}, {0, 1}), CudaDevices(3)),
            "the job asks for 2 devices other than 0, 1, but this server has cuda0, cuda1, cuda2, "
            "of which it could use 1; change settings.backend.device or settings.backend.parallel");
}

TEST(CheckSatisfiableTest, RefusesToAskForNothing) {
  EXPECT_EQ(MessageFor(Ask(Kind::kAny, 0), CpuSlots(1)),
            "the job asks for 0 devices, but needs at least one; change settings.backend.parallel");
}

TEST(CheckSatisfiableTest, SaysWhenThereIsNoDevice) {
  EXPECT_EQ(MessageFor(Ask(Kind::kCuda), {}),
            "the job asks for 1 CUDA device, but this server has no device; change "
            "settings.backend.device or settings.backend.parallel");
}

}  // namespace
}  // namespace kur::server
