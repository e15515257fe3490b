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

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> NamesOf(const DeviceInventory& inventory) {
  std::vector<std::string> names;
  for (const Device& device : inventory.devices()) names.push_back(device.name);
  return names;
}

// With a driver that is asked at the beginning only, as tests change what it says.
InventoryOptions With(const std::string& nvml_library) {
  InventoryOptions options;
  options.nvml_library = nvml_library;
  options.watch.poll_interval = absl::Hours(1);
  return options;
}

// ---- CPU slots

TEST(CpuInventoryTest, OneSlotHasEveryProcessor) {
  const auto inventory = OpenDeviceInventory("cpu:1");
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  ASSERT_THAT(NamesOf(**inventory), ElementsAre("cpu0"));
  const Device slot = (*inventory)->devices()[0];
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
    const auto inventory = OpenDeviceInventory(specification, With(FAKE_NVML));
    EXPECT_EQ(inventory.status().code(), absl::StatusCode::kInvalidArgument) << specification;
    EXPECT_THAT(inventory.status().message(), HasSubstr("give auto, cuda (all cards)"));
  }
}

// ---- CUDA, with a fake driver

class CudaInventoryTest : public testing::Test {
 protected:
  ~CudaInventoryTest() override {
    for (const char* name : {"FAKE_NVML_DEVICES", "FAKE_NVML_INIT_RESULT", "FAKE_NVML_LOST",
                             "FAKE_NVML_MIG", "FAKE_NVML_INSTANCES", "FAKE_NVML_USED_GIB"}) {
      unsetenv(name);
    }
  }

  static void Set(const char* name, int value) {
    setenv(name, std::to_string(value).c_str(), /*overwrite=*/1);
  }
};

TEST_F(CudaInventoryTest, ListsEveryDeviceOfTheDriver) {
  Set("FAKE_NVML_DEVICES", 3);
  const auto inventory = OpenDeviceInventory("cuda", With(FAKE_NVML));
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  EXPECT_THAT(NamesOf(**inventory), ElementsAre("cuda0", "cuda1", "cuda2"));
  EXPECT_THAT((*inventory)->problems(), IsEmpty());
  const Device device = (*inventory)->devices()[2];
  EXPECT_EQ(device.kind, Device::Kind::kCuda);
  EXPECT_EQ(device.model, "Fake GPU model 2");
  EXPECT_EQ(device.uuid, "GPU-00000000-0000-0000-0000-000000000002");
  EXPECT_EQ(device.cuda_index, 2);
  EXPECT_EQ(device.memory_bytes, int64_t{80} << 30);
  EXPECT_EQ(device.mig_place, -1);
  EXPECT_EQ(device.unavailable, "");
}

TEST_F(CudaInventoryTest, DevicesShareTheProcessorsNearThem) {
  const std::vector<int> available = *AvailableProcessors();
  const int processors = static_cast<int>(available.size());
  Set("FAKE_NVML_DEVICES", 1);
  EXPECT_EQ((*OpenDeviceInventory("cuda", With(FAKE_NVML)))->devices()[0].threads, processors);
  Set("FAKE_NVML_DEVICES", processors + 1);
  EXPECT_EQ((*OpenDeviceInventory("cuda", With(FAKE_NVML)))->devices()[0].threads, 1);
}

TEST_F(CudaInventoryTest, TellsHowBusyADeviceIs) {
  Set("FAKE_NVML_DEVICES", 2);
  const auto inventory = OpenDeviceInventory("cuda", With(FAKE_NVML));
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  const auto usage = (*inventory)->Usage((*inventory)->devices()[1]);
  ASSERT_TRUE(usage.ok()) << usage.status();
  EXPECT_EQ(usage->memory_used_bytes, int64_t{1} << 30);
  EXPECT_EQ(usage->utilization_percent, 20);
}

TEST_F(CudaInventoryTest, ASplitCardIsItsInstances) {
  Set("FAKE_NVML_DEVICES", 2);
  Set("FAKE_NVML_MIG", 1);
  Set("FAKE_NVML_INSTANCES", 2);
  const auto inventory = OpenDeviceInventory("cuda", With(FAKE_NVML));
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  EXPECT_THAT(NamesOf(**inventory), ElementsAre("cuda0", "cuda1.0", "cuda1.2"));
  const Device instance = (*inventory)->devices()[2];
  EXPECT_EQ(instance.uuid, "MIG-00000000-0000-0000-0000-000000000103");
  EXPECT_EQ(instance.cuda_index, 1);
  EXPECT_EQ(instance.mig_place, 2);
  const auto usage = (*inventory)->Usage(instance);
  ASSERT_TRUE(usage.ok()) << usage.status();
  EXPECT_EQ(usage->memory_used_bytes, int64_t{1} << 30);
  EXPECT_EQ(usage->utilization_percent, 0);
}

TEST_F(CudaInventoryTest, ASplitCardWithoutInstancesIsLeftOutWithWhatToDo) {
  Set("FAKE_NVML_DEVICES", 2);
  Set("FAKE_NVML_MIG", 0);
  const auto inventory = OpenDeviceInventory("cuda", With(FAKE_NVML));
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  EXPECT_THAT(NamesOf(**inventory), ElementsAre("cuda1"));
  EXPECT_THAT((*inventory)->problems(), ElementsAre(HasSubstr("turn MIG off")));
}

TEST_F(CudaInventoryTest, SomeCardsBesideSlots) {
  if (AvailableProcessors()->size() < 2) GTEST_SKIP() << "this machine has one processor";
  Set("FAKE_NVML_DEVICES", 4);
  const auto inventory = OpenDeviceInventory("cuda:1,3+cpu:1", With(FAKE_NVML));
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  EXPECT_THAT(NamesOf(**inventory), ElementsAre("cuda1", "cuda3", "cpu0"));
  const std::vector<Device> devices = (*inventory)->devices();
  for (const int processor : devices[2].processors) {
    EXPECT_THAT(devices[0].processors, Not(Contains(processor)));
    EXPECT_THAT(devices[1].processors, Not(Contains(processor)));
  }
}

TEST_F(CudaInventoryTest, ACardThatIsNamedMustBeThere) {
  Set("FAKE_NVML_DEVICES", 2);
  EXPECT_THAT(std::string(OpenDeviceInventory("cuda:0-2", With(FAKE_NVML)).status().message()),
              HasSubstr("there is no card 2: the NVIDIA driver has 2 cards"));
  Set("FAKE_NVML_LOST", 1);
  EXPECT_THAT(std::string(OpenDeviceInventory("cuda:0,1", With(FAKE_NVML)).status().message()),
              HasSubstr("left out cuda1: GPU is lost"));
}

TEST_F(CudaInventoryTest, ACardThatOtherProgramsUseIsUnavailable) {
  Set("FAKE_NVML_DEVICES", 2);
  Set("FAKE_NVML_USED_GIB", 40);
  const auto inventory = OpenDeviceInventory("cuda", With(FAKE_NVML));
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  EXPECT_EQ((*inventory)->devices()[0].unavailable,
            "programs outside of kurd use 40.0 GiB of it (process 4711)");
  EXPECT_EQ((*inventory)->devices()[1].unavailable, "");
}

// What workers say of the cards.
InventoryOptions Tried(absl::StatusOr<std::vector<absl::Status>> results) {
  InventoryOptions options = With(FAKE_NVML);
  options.try_cards = [results = std::move(results)](const std::vector<Device>&) {
    return results;
  };
  return options;
}

TEST_F(CudaInventoryTest, ACardThatWorkersCannotUseIsLeftOut) {
  Set("FAKE_NVML_DEVICES", 2);
  for (const char* list : {"auto", "cuda"}) {
    const auto inventory = OpenDeviceInventory(
        list, Tried({{absl::FailedPreconditionError("no kernels for it"), absl::OkStatus()}}));
    ASSERT_TRUE(inventory.ok()) << inventory.status();
    EXPECT_THAT(NamesOf(**inventory), ElementsAre("cuda1"));
    EXPECT_THAT((*inventory)->problems(), ElementsAre("left out cuda0: no kernels for it"));
  }
}

TEST_F(CudaInventoryTest, WhereWorkersCanUseNoneAutoFallsBackAndCudaRefuses) {
  Set("FAKE_NVML_DEVICES", 2);
  const auto options = Tried(absl::FailedPreconditionError("its libtorch is for processors only"));
  const auto inventory = OpenDeviceInventory("auto", options);
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  EXPECT_THAT(NamesOf(**inventory), ElementsAre("cpu0"));
  EXPECT_THAT((*inventory)->problems(),
              ElementsAre(HasSubstr("the NVIDIA driver has 2 cards, but workers cannot use them: "
                                    "its libtorch is for processors only")));
  const absl::Status refused = OpenDeviceInventory("cuda", options).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("for processors only"));
}

TEST_F(CudaInventoryTest, WithoutACardNobodyIsAsked) {
  Set("FAKE_NVML_DEVICES", 0);
  InventoryOptions options = With(FAKE_NVML);
  options.try_cards = [](const std::vector<Device>&) -> absl::StatusOr<std::vector<absl::Status>> {
    ADD_FAILURE() << "a worker was asked";
    return absl::InternalError("");
  };
  EXPECT_TRUE(OpenDeviceInventory("auto", options).ok());
}

TEST_F(CudaInventoryTest, ADeviceThatFallsOffTheBusIsAnErrorOfItsUsageOnly) {
  Set("FAKE_NVML_DEVICES", 2);
  const auto inventory = OpenDeviceInventory("cuda", With(FAKE_NVML));
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
  const auto inventory = OpenDeviceInventory("cuda", With(FAKE_NVML));
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  EXPECT_THAT(NamesOf(**inventory), ElementsAre("cuda1"));
  EXPECT_THAT((*inventory)->problems(), ElementsAre("left out cuda0: GPU is lost"));
}

TEST_F(CudaInventoryTest, RefusesADriverWhoseOnlyDeviceIsLost) {
  Set("FAKE_NVML_DEVICES", 1);
  Set("FAKE_NVML_LOST", 0);
  const auto inventory = OpenDeviceInventory("cuda", With(FAKE_NVML));
  EXPECT_EQ(inventory.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(inventory.status().message(), HasSubstr("cuda0: GPU is lost"));
}

struct NoCuda {
  const char* name;
  const char* driver;  // the library that stands for it
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
  const auto inventory = OpenDeviceInventory("cuda", With(GetParam().driver));
  EXPECT_EQ(inventory.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(inventory.status().message(), HasSubstr(GetParam().message));
  EXPECT_THAT(inventory.status().message(), HasSubstr("cpu:N"));
}

TEST_P(NoCudaTest, AutoFallsBackToTheCpu) {
  const auto inventory = OpenDeviceInventory("auto", With(GetParam().driver));
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
  const auto inventory = OpenDeviceInventory("auto", With(FAKE_NVML));
  ASSERT_TRUE(inventory.ok()) << inventory.status();
  EXPECT_THAT(NamesOf(**inventory), ElementsAre("cuda0"));
}

TEST_F(CudaInventoryTest, ClosesTheSessionWithTheDriver) {
  void* library = dlopen(FAKE_NVML, RTLD_NOW);
  ASSERT_NE(library, nullptr) << dlerror();
  const int* sessions = static_cast<int*>(dlsym(library, "fake_nvml_sessions"));
  Set("FAKE_NVML_DEVICES", 1);
  {
    const auto inventory = OpenDeviceInventory("cuda", With(FAKE_NVML));
    ASSERT_TRUE(inventory.ok()) << inventory.status();
    EXPECT_EQ(*sessions, 1);
  }
  EXPECT_EQ(*sessions, 0);
  Set("FAKE_NVML_DEVICES", 0);
  EXPECT_FALSE(OpenDeviceInventory("cuda", With(FAKE_NVML)).ok());
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
