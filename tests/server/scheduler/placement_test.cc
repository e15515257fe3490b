#include "server/scheduler/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/scheduler/scheduling_helpers.h"

namespace kur::server {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Optional;
using Kind = DeviceRequest::Kind;

class PlacementTest : public ::testing::Test {
 protected:
  SchedulingSnapshot Snapshot(std::vector<Device> devices) {
    SchedulingSnapshot snapshot;
    snapshot.devices = std::move(devices);
    return snapshot;
  }
};

TEST_F(PlacementTest, GivesTheFirstDevicesThatTheJobMayUse) {
  const SchedulingSnapshot snapshot = Snapshot(CudaDevices(4));
  Placement placement(snapshot);
  EXPECT_THAT(placement.Place(Job("a", Ask(Kind::kCuda, 2, {1, 2, 3}))),
              Optional(ElementsAre("cuda1", "cuda2")));
}

TEST_F(PlacementTest, GivesNoDeviceTwiceNorOneThatIsHeld) {
  SchedulingSnapshot snapshot = Snapshot(CpuSlots(3));
  snapshot.running.push_back({Job("running"), {"cpu1"}});
  Placement placement(snapshot);
  const SchedulableJob a = Job("a");
  const SchedulableJob b = Job("b");
  EXPECT_THAT(placement.Place(a), Optional(ElementsAre("cpu0")));
  EXPECT_THAT(placement.Place(b), Optional(ElementsAre("cpu2")));
  EXPECT_THAT(placement.Place(Job("c")), Eq(std::nullopt));
}

TEST_F(PlacementTest, ADeviceThatIsUnavailableIsLeftAndTheReasonIsSaid) {
  SchedulingSnapshot snapshot = Snapshot(CudaDevices(2));
  snapshot.devices[0].unavailable = "programs outside of kurd use 40.0 GiB of it (process 4711)";
  Placement placement(snapshot);
  const SchedulableJob a = Job("a");
  const SchedulableJob b = Job("b");
  EXPECT_THAT(placement.Place(a), Optional(ElementsAre("cuda1")));
  EXPECT_THAT(placement.Place(b), Eq(std::nullopt));
  EXPECT_EQ(
      placement.DescribeWait(b),
      "waiting for a device, next in line: cuda0: programs outside of kurd use 40.0 GiB of it "
      "(process 4711), cuda1 is busy with a");
}

TEST_F(PlacementTest, AJobThatFindsTooFewTakesNone) {
  const SchedulingSnapshot snapshot = Snapshot(CpuSlots(2));
  Placement placement(snapshot);
  const SchedulableJob first = Job("first");
  ASSERT_TRUE(placement.Place(first).has_value());
  EXPECT_THAT(placement.Place(Job("pair", Ask(Kind::kCpu, 2))), Eq(std::nullopt));
  EXPECT_THAT(placement.Place(Job("single")), Optional(ElementsAre("cpu1")));
}

TEST_F(PlacementTest, WhatIsKeptForAJobIsGivenToNobodyElse) {
  SchedulingSnapshot snapshot = Snapshot(CpuSlots(2));
  snapshot.running.push_back({Job("running"), {"cpu0"}});
  Placement placement(snapshot);
  const SchedulableJob pair = Job("pair", Ask(Kind::kCpu, 2));
  ASSERT_FALSE(placement.Place(pair).has_value());
  EXPECT_EQ(placement.DescribeWait(pair),
            "waiting for 2 devices, next in line: cpu0 is busy with running");
  placement.Reserve(pair);
  const SchedulableJob late = Job("late");
  EXPECT_FALSE(placement.Place(late).has_value());
  EXPECT_EQ(placement.DescribeWait(late),
            "waiting for a device, 1 job ahead: cpu0 is busy with running, cpu1 is kept for pair");
  EXPECT_EQ(placement.DescribeWait(OwnedBy("bob", late)),
            "waiting for a device, 1 job ahead: cpu0 is busy with another user's job, cpu1 is kept "
            "for another user's job");
}

TEST_F(PlacementTest, JobsThatNeedNoDeviceAreFewAndKeepNoneFromOthers) {
  const SchedulingSnapshot snapshot = Snapshot(CpuSlots(1));
  Placement placement(snapshot);
  const SchedulableJob look = Job("look", Ask(Kind::kAny, 0));
  EXPECT_THAT(placement.Place(look), Optional(ElementsAre()));
  EXPECT_THAT(placement.Place(look), Optional(ElementsAre()));
  EXPECT_THAT(placement.Place(look), Eq(std::nullopt));
  placement.Reserve(look);
  EXPECT_THAT(placement.Place(Job("train")), Optional(ElementsAre("cpu0")));
}

}  // namespace
}  // namespace kur::server
