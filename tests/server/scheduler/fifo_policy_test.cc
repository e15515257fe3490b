#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/scheduler/scheduling_helpers.h"

namespace kur::server {
namespace {

using Kind = DeviceRequest::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

class FifoPolicyTest : public testing::Test {
 protected:
  void Running(SchedulableJob job, std::vector<std::string> devices) {
    snapshot_.running.push_back({std::move(job), std::move(devices)});
  }
  void Queue(SchedulableJob job) { snapshot_.queued.push_back(std::move(job)); }

  // Decides; `starts_` is "job: device device" for each start.
  void Decide() {
    decision_ = MakeFifoPolicy()->Decide(snapshot_);
    for (const auto& start : decision_.starts) {
      std::string text = start.job + ":";
      for (const std::string& device : start.devices) text += " " + device;
      starts_.push_back(text);
    }
  }

  SchedulingSnapshot snapshot_;
  SchedulingDecision decision_;
  std::vector<std::string> starts_;
};

TEST_F(FifoPolicyTest, StartsJobsInOrderWhileDevicesAreFree) {
  snapshot_.devices = CpuSlots(2);
  for (const char* name : {"a", "b", "c"}) Queue(Job(name));
  Decide();
  EXPECT_THAT(starts_, ElementsAre("a: cpu0", "b: cpu1"));
  EXPECT_THAT(decision_.waiting,
              ElementsAre(Pair("c",
                               "waiting for a device, next in line: cpu0 is busy with a, cpu1 is "
                               "busy with b")));
}

TEST_F(FifoPolicyTest, JobsThatNeedNoDevicePassTheQueueButNotInNumbers) {
  snapshot_.devices = CpuSlots(1);
  Running(Job("busy"), {"cpu0"});
  Running(Job("look-1", Ask(Kind::kAny, 0)), {});
  Queue(Job("waits"));
  for (const char* name : {"look-2", "look-3"}) Queue(Job(name, Ask(Kind::kAny, 0)));
  Decide();
  EXPECT_THAT(starts_, ElementsAre("look-2:"));
  EXPECT_THAT(decision_.waiting,
              ElementsAre(Pair("look-3", "waiting: 2 jobs are looking at data already"),
                          Pair("waits", HasSubstr("cpu0 is busy with busy"))));
}

TEST_F(FifoPolicyTest, NothingHappensWithoutJobs) {
  snapshot_.devices = CpuSlots(1);
  Running(Job("a"), {"cpu0"});
  Decide();
  EXPECT_THAT(starts_, IsEmpty());
  EXPECT_THAT(decision_.waiting, IsEmpty());
}

TEST_F(FifoPolicyTest, AnyMeansCudaWhereThereIsSome) {
  snapshot_.devices = CpuSlots(1);
  for (const Device& device : CudaDevices(1)) snapshot_.devices.push_back(device);
  Queue(Job("any"));
  Queue(Job("any-2"));
  Queue(Job("cpu", Ask(Kind::kCpu)));
  Decide();
  EXPECT_THAT(starts_, ElementsAre("any: cuda0", "cpu: cpu0"));
  EXPECT_THAT(decision_.waiting, ElementsAre(Pair("any-2", HasSubstr("cuda0 is busy with any"))));
}

TEST_F(FifoPolicyTest, TakesOnlyAllowedDevices) {
  snapshot_.devices = CudaDevices(4);
  Queue(Job("only-2-3", Ask(Kind::kCuda, 1, {2, 3}, {2})));
  Queue(Job("not-0", Ask(Kind::kCuda, 2, {}, {0})));
  Decide();
  EXPECT_THAT(starts_, ElementsAre("only-2-3: cuda3", "not-0: cuda1 cuda2"));
}

TEST_F(FifoPolicyTest, ABlockedJobKeepsItsDevicesFromLaterJobs) {
  snapshot_.devices = CudaDevices(3);
  Running(Job("busy"), {"cuda0"});
  Queue(Job("pair", Ask(Kind::kCuda, 2, {0, 1})));
  Queue(Job("small", Ask(Kind::kCuda, 1, {1})));
  Queue(Job("elsewhere"));
  Decide();
  EXPECT_THAT(starts_, ElementsAre("elsewhere: cuda2"));
  EXPECT_THAT(
      decision_.waiting,
      ElementsAre(Pair("pair", "waiting for 2 devices, next in line: cuda0 is busy with busy"),
                  Pair("small", "waiting for a device, 1 job ahead: cuda1 is kept for pair")));
}

TEST_F(FifoPolicyTest, CountsTheJobsAheadInTheSameLine) {
  snapshot_.devices = CudaDevices(2);
  Running(Job("r0"), {"cuda0"});
  Running(Job("r1"), {"cuda1"});
  Queue(Job("on-0", Ask(Kind::kCuda, 1, {0})));
  Queue(Job("on-1", Ask(Kind::kCuda, 1, {1})));
  Queue(Job("also-on-1", Ask(Kind::kCuda, 1, {1})));
  Queue(Job("both", Ask(Kind::kCuda, 2)));
  Decide();
  EXPECT_THAT(decision_.waiting["on-1"], HasSubstr("next in line"));
  EXPECT_THAT(decision_.waiting["also-on-1"], HasSubstr(", 1 job ahead: "));
  EXPECT_THAT(decision_.waiting["both"], HasSubstr(", 3 jobs ahead: "));
}

TEST_F(FifoPolicyTest, NamesOnlyOnesOwnJobs) {
  snapshot_.devices = CudaDevices(3);
  Running(OwnedBy("bob", Job("bobs-secret-1")), {"cuda0"});
  Running(Job("mine"), {"cuda1"});
  Queue(OwnedBy("bob", Job("bobs-secret-2", Ask(Kind::kCuda, 3))));
  Queue(Job("waiter"));
  Decide();
  EXPECT_EQ(decision_.waiting["waiter"],
            "waiting for a device, 1 job ahead: cuda0 is busy with another user's job, cuda1 is "
            "busy with mine, cuda2 is kept for another user's job");
  EXPECT_EQ(decision_.waiting["bobs-secret-2"],
            "waiting for 3 devices, next in line: cuda0 is busy with bobs-secret-1, cuda1 is busy "
            "with another user's job");
}

TEST_F(FifoPolicyTest, ListsAFewDevicesOnly) {
  snapshot_.devices = CudaDevices(8);
  for (const Device& device : snapshot_.devices) Running(Job("r-" + device.name), {device.name});
  Queue(Job("waiter"));
  Decide();
  EXPECT_THAT(decision_.waiting["waiter"], HasSubstr("cuda3 is busy with r-cuda3 and 4 more"));
  EXPECT_THAT(decision_.waiting["waiter"], Not(HasSubstr("cuda4")));
}

TEST_F(FifoPolicyTest, AJobIsHeldWhileARunningOneWritesTheSamePath) {
  snapshot_.devices = CpuSlots(2);
  Running(Job("cifar-3", {}, {"last.kur"}), {"cpu0"});
  Queue(Job("cifar-4", {}, {"log", "last.kur"}));
  Queue(Job("other"));
  Decide();
  EXPECT_THAT(starts_, ElementsAre("other: cpu1"));
  EXPECT_THAT(decision_.waiting,
              ElementsAre(Pair("cifar-4", "held until cifar-3 has ended: both write last.kur")));
}

TEST_F(FifoPolicyTest, AJobIsHeldWhileAnEarlierQueuedOneWritesTheSamePath) {
  snapshot_.devices = CpuSlots(3);
  Queue(Job("first", {}, {"last.kur"}));
  Queue(Job("second", {}, {"last.kur", "best.kur"}));
  // Not first's, but of the held second's.
  Queue(Job("third", {}, {"best.kur"}));
  Queue(OwnedBy("bob", Job("fourth", {}, {"last.kur"})));
  Decide();
  EXPECT_THAT(starts_, ElementsAre("first: cpu0", "fourth: cpu1"));
  EXPECT_THAT(decision_.waiting,
              ElementsAre(Pair("second", "held until first has ended: both write last.kur"),
                          Pair("third", "held until second has ended: both write best.kur")));
}

TEST_F(FifoPolicyTest, AHeldJobKeepsNoDevice) {
  snapshot_.devices = CudaDevices(2);
  Running(Job("writer", {}, {"last.kur"}), {"cuda0"});
  Queue(Job("held", Ask(Kind::kCuda, 2), {"last.kur"}));
  Queue(Job("free"));
  Decide();
  EXPECT_THAT(starts_, ElementsAre("free: cuda1"));
}

TEST_F(FifoPolicyTest, AJobThatCanNeverStartStandsInNobodysWay) {
  snapshot_.devices = CpuSlots(1);
  Queue(Job("impossible", Ask(Kind::kCpu, 2), {"last.kur"}));
  Queue(Job("possible", {}, {"last.kur"}));
  Decide();
  EXPECT_THAT(starts_, ElementsAre("possible: cpu0"));
  EXPECT_THAT(decision_.waiting,
              ElementsAre(Pair("impossible", HasSubstr("asks for 2 CPU slots, but this server "
                                                       "has cpu0"))));
}

TEST_F(FifoPolicyTest, ARunningJobOnADeviceThatIsGoneDoesNoHarm) {
  snapshot_.devices = CudaDevices(1);
  Running(Job("old"), {"cuda7"});
  Queue(Job("new"));
  Decide();
  EXPECT_THAT(starts_, ElementsAre("new: cuda0"));
}

}  // namespace
}  // namespace kur::server
