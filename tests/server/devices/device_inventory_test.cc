#include "server/devices/device_inventory.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "absl/strings/str_cat.h"
#include "server/devices/cpu_slots.h"

namespace kur::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> NamesOf(const DeviceInventory& inventory) {
  std::vector<std::string> names;
  for (const Device& device : inventory.devices()) names.push_back(device.name);
  return names;
}

// ---- CPU slots

TEST(CpuInventoryTest, OneSlotHasEveryProcessor) {
  const auto inventory = OpenDeviceInventory("cpu:1");
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  ASSERT_THAT(NamesOf(**inventory), ElementsAre("cpu0"));
  const Device& slot = (*inventory)->devices()[0];
  EXPECT_EQ(slot.kind, Device::Kind::kCpu);
  EXPECT_EQ(slot.processors, *AvailableProcessors());
  EXPECT_EQ(slot.threads, static_cast<int>(slot.processors.size()));
  EXPECT_FALSE(slot.model.empty());
  EXPECT_GT(slot.memory_bytes, 1 << 20);
  EXPECT_EQ(slot.cuda_index, -1);
}

TEST(CpuInventoryTest, SlotsShareAllProcessorsEvenly) {
  const std::vector<int> available = *AvailableProcessors();
  for (size_t count = 1; count <= available.size(); ++count) {
    const auto inventory = OpenDeviceInventory(absl::StrCat("cpu:", count));
    ASSERT_TRUE(inventory.ok()) << inventory.status();
    std::multiset<int> shared;
    for (const Device& slot : (*inventory)->devices()) {
      EXPECT_GE(slot.processors.size(), available.size() / count);
      EXPECT_LE(slot.processors.size(), available.size() / count + 1);
      shared.insert(slot.processors.begin(), slot.processors.end());
    }
    EXPECT_EQ(std::vector<int>(shared.begin(), shared.end()), available);
  }
}

TEST(CpuInventoryTest, RefusesMoreSlotsThanProcessors) {
  const size_t available = AvailableProcessors()->size();
  const auto inventory = OpenDeviceInventory(absl::StrCat("cpu:", available + 1));
  EXPECT_EQ(inventory.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(inventory.status().message(), HasSubstr(absl::StrCat("ask for cpu:", available)));
}

TEST(CpuInventoryTest, CountsOnlyProcessorsThatTheProcessMayUse) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
  const int last = AvailableProcessors()->back();
  cpu_set_t only_last;
  CPU_ZERO(&only_last);
  CPU_SET(last, &only_last);
  ASSERT_EQ(sched_setaffinity(0, sizeof(only_last), &only_last), 0);
  const auto one = OpenDeviceInventory("cpu:1");
  const auto two = OpenDeviceInventory("cpu:2");
  ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);

  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_THAT((*one)->devices()[0].processors, ElementsAre(last));
  EXPECT_THAT(two.status().message(), HasSubstr("may use only 1 processor "));
}

TEST(CpuInventoryTest, UsageIsZero) {
  const auto inventory = OpenDeviceInventory("cpu:1");
  const auto usage = (*inventory)->Usage((*inventory)->devices()[0]);
  ASSERT_TRUE(usage.ok());
  EXPECT_EQ(usage->memory_used_bytes, 0);
  EXPECT_EQ(usage->utilization_percent, 0);
}

TEST(DeviceInventoryTest, RefusesWhatItCannotRead) {
  for (const char* specification :
       {"", "gpu", "cpu", "cpu:", "cpu:0", "cpu:-1", "cpu:x", "cpu:1x", "cpu:99999999999"}) {
    const auto inventory = OpenDeviceInventory(specification, FAKE_NVML);
    EXPECT_EQ(inventory.status().code(), absl::StatusCode::kInvalidArgument) << specification;
    EXPECT_THAT(inventory.status().message(), HasSubstr("give auto, cuda, or cpu:N"));
  }
}

// ---- CUDA, with a fake driver

class CudaInventoryTest : public testing::Test {
 protected:
  ~CudaInventoryTest() override {
    for (const char* name :
         {"FAKE_NVML_DEVICES", "FAKE_NVML_INIT_RESULT", "FAKE_NVML_LOST", "FAKE_NVML_MIG"}) {
      unsetenv(name);
    }
  }

  static void Set(const char* name, int value) {
    setenv(name, std::to_string(value).c_str(), /*overwrite=*/1);
  }
};

TEST_F(CudaInventoryTest, ListsEveryDeviceOfTheDriver) {
  Set("FAKE_NVML_DEVICES", 3);
  const auto inventory = OpenDeviceInventory("cuda", FAKE_NVML);
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  EXPECT_THAT(NamesOf(**inventory), ElementsAre("cuda0", "cuda1", "cuda2"));
  EXPECT_THAT((*inventory)->problems(), IsEmpty());
  const Device& device = (*inventory)->devices()[2];
  EXPECT_EQ(device.kind, Device::Kind::kCuda);
  EXPECT_EQ(device.model, "Fake GPU model 2");
  EXPECT_EQ(device.uuid, "GPU-00000000-0000-0000-0000-000000000002");
  EXPECT_EQ(device.cuda_index, 2);
  EXPECT_EQ(device.memory_bytes, int64_t{80} << 30);
  EXPECT_THAT(device.processors, IsEmpty());
}

TEST_F(CudaInventoryTest, DevicesShareTheProcessorsAsThreads) {
  const int processors = static_cast<int>(AvailableProcessors()->size());
  Set("FAKE_NVML_DEVICES", 1);
  EXPECT_EQ((*OpenDeviceInventory("cuda", FAKE_NVML))->devices()[0].threads, processors);
  Set("FAKE_NVML_DEVICES", processors + 1);
  EXPECT_EQ((*OpenDeviceInventory("cuda", FAKE_NVML))->devices()[0].threads, 1);
}

TEST_F(CudaInventoryTest, TellsHowBusyADeviceIs) {
  Set("FAKE_NVML_DEVICES", 2);
  const auto inventory = OpenDeviceInventory("cuda", FAKE_NVML);
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  const auto usage = (*inventory)->Usage((*inventory)->devices()[1]);
  ASSERT_TRUE(usage.ok()) << usage.status();
  EXPECT_EQ(usage->memory_used_bytes, int64_t{2} << 30);
  EXPECT_EQ(usage->utilization_percent, 20);
}

TEST_F(CudaInventoryTest, ADeviceThatDoesNotMeasureItsUtilizationReportsZero) {
  Set("FAKE_NVML_DEVICES", 2);
  Set("FAKE_NVML_MIG", 1);
  const auto inventory = OpenDeviceInventory("cuda", FAKE_NVML);
  const auto usage = (*inventory)->Usage((*inventory)->devices()[1]);
  ASSERT_TRUE(usage.ok()) << usage.status();
  EXPECT_EQ(usage->memory_used_bytes, int64_t{2} << 30);
  EXPECT_EQ(usage->utilization_percent, 0);
}

TEST_F(CudaInventoryTest, ADeviceThatFallsOffTheBusIsAnErrorOfItsUsageOnly) {
  Set("FAKE_NVML_DEVICES", 2);
  const auto inventory = OpenDeviceInventory("cuda", FAKE_NVML);
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  Set("FAKE_NVML_LOST", 0);
  const auto lost = (*inventory)->Usage((*inventory)->devices()[0]);
  EXPECT_EQ(lost.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(lost.status().message(), "cuda0 does not answer: GPU is lost");
  EXPECT_TRUE((*inventory)->Usage((*inventory)->devices()[1]).ok());
  EXPECT_THAT(NamesOf(**inventory), ElementsAre("cuda0", "cuda1"));
}

TEST_F(CudaInventoryTest, LeavesOutADeviceThatIsLostFromTheStart) {
  Set("FAKE_NVML_DEVICES", 2);
  Set("FAKE_NVML_LOST", 0);
  const auto inventory = OpenDeviceInventory("cuda", FAKE_NVML);
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  EXPECT_THAT(NamesOf(**inventory), ElementsAre("cuda1"));
  EXPECT_THAT((*inventory)->problems(), ElementsAre("left out cuda0: GPU is lost"));
}

TEST_F(CudaInventoryTest, RefusesADriverWhoseOnlyDeviceIsLost) {
  Set("FAKE_NVML_DEVICES", 1);
  Set("FAKE_NVML_LOST", 0);
  const auto inventory = OpenDeviceInventory("cuda", FAKE_NVML);
  EXPECT_EQ(inventory.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(inventory.status().message(), HasSubstr("cuda0: GPU is lost"));
}

struct NoCuda {
  const char* name;
  const char* library;
  int init_result;
  const char* message;
  bool is_problem;  // of "auto": broken rather than absent
};

class NoCudaTest : public CudaInventoryTest, public testing::WithParamInterface<NoCuda> {
 protected:
  NoCudaTest() {
    Set("FAKE_NVML_INIT_RESULT", GetParam().init_result);
    Set("FAKE_NVML_DEVICES", 0);
  }
};

TEST_P(NoCudaTest, CudaSaysWhy) {
  const auto inventory = OpenDeviceInventory("cuda", GetParam().library);
  EXPECT_EQ(inventory.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(inventory.status().message(), HasSubstr(GetParam().message));
  EXPECT_THAT(inventory.status().message(), HasSubstr("cpu:N"));
}

TEST_P(NoCudaTest, AutoFallsBackToTheCpu) {
  const auto inventory = OpenDeviceInventory("auto", GetParam().library);
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  EXPECT_THAT(NamesOf(**inventory), ElementsAre("cpu0"));
  if (GetParam().is_problem) {
    EXPECT_THAT((*inventory)->problems(), ElementsAre(HasSubstr(GetParam().message)));
  } else {
    EXPECT_THAT((*inventory)->problems(), IsEmpty());
  }
}

INSTANTIATE_TEST_SUITE_P(Reasons, NoCudaTest,
                         testing::Values(NoCuda{"NoLibrary", "libno-such-driver.so.1", 0,
                                                "libno-such-driver.so.1", false},
                                         NoCuda{"NoDevice", FAKE_NVML, 0, "has no device", false},
                                         NoCuda{"MissingSymbol", FAKE_NVML_OLD, 0,
                                                "no nvmlDeviceGetUtilizationRates", true},
                                         NoCuda{"DriverMismatch", FAKE_NVML, 18,
                                                "Driver/library version mismatch", true}),
                         [](const auto& info) { return info.param.name; });

TEST_F(CudaInventoryTest, AutoPrefersCuda) {
  Set("FAKE_NVML_DEVICES", 1);
  const auto inventory = OpenDeviceInventory("auto", FAKE_NVML);
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  EXPECT_THAT(NamesOf(**inventory), ElementsAre("cuda0"));
}

TEST_F(CudaInventoryTest, ClosesTheSessionWithTheDriver) {
  void* library = dlopen(FAKE_NVML, RTLD_NOW);
  ASSERT_NE(library, nullptr) << dlerror();
  const int* sessions = static_cast<int*>(dlsym(library, "fake_nvml_sessions"));
  Set("FAKE_NVML_DEVICES", 1);
  {
    const auto inventory = OpenDeviceInventory("cuda", FAKE_NVML);
    ASSERT_TRUE(inventory.ok()) << inventory.status();
    EXPECT_EQ(*sessions, 1);
  }
  EXPECT_EQ(*sessions, 0);
  Set("FAKE_NVML_DEVICES", 0);
  EXPECT_FALSE(OpenDeviceInventory("cuda", FAKE_NVML).ok());
  EXPECT_EQ(*sessions, 0);
  dlclose(library);
}

TEST(ThreadsForTest, AddsUpAndIsAtLeastOne) {
  Device two;
  two.threads = 2;
  Device three;
  three.threads = 3;
  EXPECT_EQ(ThreadsFor({two, three}), 5);
  EXPECT_EQ(ThreadsFor({Device()}), 1);
}

}  // namespace
}  // namespace kur::server
