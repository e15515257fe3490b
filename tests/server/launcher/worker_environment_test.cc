#include "server/launcher/worker_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace kur::server {
namespace {

using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr char kZen2[] = "vendor_id\t: AuthenticAMD\nflags\t\t: avx2 fma\n";

Device Slot(int threads) {
  Device device;
  device.kind = Device::Kind::kCpu;
  device.threads = threads;
  return device;
}

Device Card(const std::string& uuid, int threads) {
  Device device;
  device.kind = Device::Kind::kCuda;
  device.uuid = uuid;
  device.threads = threads;
  return device;
}

TEST(WorkerEnvironmentTest, AJobOnAPartOfTheMachine) {
  EXPECT_THAT(
      WorkerEnvironment({}, {Slot(2)}, {kZen2, 8}),
      UnorderedElementsAre(Pair("OMP_NUM_THREADS", "2"), Pair("OPENBLAS_NUM_THREADS", "2"),
                           Pair("OMP_WAIT_POLICY", "passive"), Pair("CUDA_VISIBLE_DEVICES", ""),
                           Pair("CUDA_DEVICE_ORDER", "PCI_BUS_ID"),
                           Pair("OPENBLAS_CORETYPE", "Zen"), Pair("ATEN_CPU_CAPABILITY", "avx2")));
}

TEST(WorkerEnvironmentTest, ThreadsOfAJobThatOwnsTheMachineMaySpin) {
  EXPECT_THAT(WorkerEnvironment({}, {Slot(8)}, {"", 8}), Not(Contains(Key("OMP_WAIT_POLICY"))));
  EXPECT_THAT(WorkerEnvironment({}, {Slot(4), Slot(4)}, {"", 8}),
              Not(Contains(Key("OMP_WAIT_POLICY"))));
}

TEST(WorkerEnvironmentTest, ThreadsOfACudaJobNeverSpin) {
  EXPECT_THAT(WorkerEnvironment({}, {Card("GPU-a", 8)}, {"", 8}),
              Contains(Pair("OMP_WAIT_POLICY", "passive")));
}

TEST(WorkerEnvironmentTest, ACudaJobSeesItsDevicesOnly) {
  const Environment environment = WorkerEnvironment({{"CUDA_VISIBLE_DEVICES", "7"}},
                                                    {Card("GPU-a", 4), Card("GPU-b", 4)}, {"", 16});
  EXPECT_THAT(environment, Contains(Pair("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")));
  EXPECT_THAT(environment, Contains(Pair("OMP_NUM_THREADS", "8")));
}

TEST(WorkerEnvironmentTest, ThereIsAlwaysAThread) {
  EXPECT_THAT(WorkerEnvironment({}, {Slot(0)}, {"", 8}), Contains(Pair("OMP_NUM_THREADS", "1")));
}

TEST(WorkerEnvironmentTest, InheritsOnlyWhatIsListed) {
  const Environment environment = WorkerEnvironment({{"PATH", "/bin"},
                                                     {"LC_ALL", "C.UTF-8"},
                                                     {"LD_LIBRARY_PATH", "/opt/libtorch/lib"},
                                                     {"CUDA_HOME", "/opt/cuda"},
                                                     {"TSAN_OPTIONS", "halt_on_error=1"},
                                                     {"KUR_TOKEN", "secret"},
                                                     {"AWS_SECRET_ACCESS_KEY", "secret"},
                                                     {"LD_PRELOAD", "x.so"},
                                                     {"PATHS", "near"},
                                                     {"OMP_NUM_THREADS", "64"},
                                                     {"OMP_WAIT_POLICY", "active"}},
                                                    {Slot(2)}, {"", 8});
  EXPECT_THAT(environment,
              UnorderedElementsAre(
                  Pair("PATH", "/bin"), Pair("LC_ALL", "C.UTF-8"),
                  Pair("LD_LIBRARY_PATH", "/opt/libtorch/lib"), Pair("CUDA_HOME", "/opt/cuda"),
                  Pair("TSAN_OPTIONS", "halt_on_error=1"), Pair("OMP_NUM_THREADS", "2"),
                  Pair("OPENBLAS_NUM_THREADS", "2"), Pair("OMP_WAIT_POLICY", "passive"),
                  Pair("CUDA_VISIBLE_DEVICES", ""), Pair("CUDA_DEVICE_ORDER", "PCI_BUS_ID")));
}

TEST(WorkerEnvironmentTest, AnOperatorsChoiceOfKernelsWins) {
  const Environment environment =
      WorkerEnvironment({{"OPENBLAS_CORETYPE", "Haswell"}}, {Slot(2)}, {kZen2, 8});
  EXPECT_THAT(environment, Contains(Pair("OPENBLAS_CORETYPE", "Haswell")));
  EXPECT_THAT(environment, Contains(Pair("ATEN_CPU_CAPABILITY", "avx2")));
}

TEST(OwnEnvironmentTest, HoldsWhatIsSet) {
  setenv("KUR_TEST_VARIABLE", "a=b", 1);
  EXPECT_THAT(OwnEnvironment(), Contains(Pair("KUR_TEST_VARIABLE", "a=b")));
  unsetenv("KUR_TEST_VARIABLE");
}

}  // namespace
}  // namespace kur::server
