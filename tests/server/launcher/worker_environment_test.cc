#include "server/launcher/worker_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/library_kernels.h"

namespace kur::server {
namespace {

using ::testing::_;
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
      WorkerEnvironment({}, {Slot(2)}, {kZen2, false}),
      UnorderedElementsAre(Pair("OMP_NUM_THREADS", "2"), Pair("OPENBLAS_NUM_THREADS", "2"),
                           Pair("GOMP_SPINCOUNT", _), Pair("CUDA_VISIBLE_DEVICES", ""),
                           Pair("CUDA_DEVICE_ORDER", "PCI_BUS_ID"),
                           Pair("CUBLAS_WORKSPACE_CONFIG", ":4096:8"),
                           Pair(kKernelChoiceVariable, "0"), Pair(kKeptVariable, ""),
                           Pair("OPENBLAS_CORETYPE", "Zen"), Pair("ATEN_CPU_CAPABILITY", "avx2")));
}

TEST(WorkerEnvironmentTest, ThreadsSpinForAWhileOnly) {
  for (const std::vector<Device>& devices :
       {std::vector<Device>{Slot(8)}, std::vector<Device>{Card("GPU-a", 8)}}) {
    EXPECT_THAT(WorkerEnvironment({}, devices, {"", false}), Contains(Key("GOMP_SPINCOUNT")));
  }
}

TEST(WorkerEnvironmentTest, ACudaJobSeesItsDevicesOnly) {
  const Environment environment = WorkerEnvironment(
      {{"CUDA_VISIBLE_DEVICES", "7"}}, {Card("GPU-a", 4), Card("GPU-b", 4)}, {"", false});
  EXPECT_THAT(environment, Contains(Pair("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")));
  EXPECT_THAT(environment, Contains(Pair("OMP_NUM_THREADS", "8")));
}

TEST(WorkerEnvironmentTest, ThereIsAlwaysAThread) {
  EXPECT_THAT(WorkerEnvironment({}, {Slot(0)}, {"", false}),
              Contains(Pair("OMP_NUM_THREADS", "1")));
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
                                                    {Slot(2)}, {"", false});
  EXPECT_THAT(environment,
              UnorderedElementsAre(
                  Pair("PATH", "/bin"), Pair("LC_ALL", "C.UTF-8"),
                  Pair("LD_LIBRARY_PATH", "/opt/libtorch/lib"), Pair("CUDA_HOME", "/opt/cuda"),
                  Pair("TSAN_OPTIONS", "halt_on_error=1"), Pair("OMP_NUM_THREADS", "2"),
                  Pair("OPENBLAS_NUM_THREADS", "2"), Pair("GOMP_SPINCOUNT", _),
                  Pair("CUDA_VISIBLE_DEVICES", ""), Pair("CUDA_DEVICE_ORDER", "PCI_BUS_ID"),
                  Pair("CUBLAS_WORKSPACE_CONFIG", ":4096:8"), Pair(kKernelChoiceVariable, "0"),
                  Pair(kKeptVariable, "")));
}

TEST(WorkerEnvironmentTest, AnOperatorsChoiceOfKernelsWins) {
  const Environment environment =
      WorkerEnvironment({{"OPENBLAS_CORETYPE", "Haswell"}}, {Slot(2)}, {kZen2, false});
  EXPECT_THAT(environment, Contains(Pair("OPENBLAS_CORETYPE", "Haswell")));
  EXPECT_THAT(environment, Contains(Pair("ATEN_CPU_CAPABILITY", "avx2")));
}

TEST(WorkerEnvironmentTest, WhatUsersOfCudaSetIsKept) {
  const Environment environment = WorkerEnvironment({{"CUDA_MODULE_LOADING", "EAGER"},
                                                     {"CUDA_MPS_PIPE_DIRECTORY", "/run/mps"},
                                                     {"NCCL_DEBUG", "INFO"},
                                                     {"NVIDIA_TF32_OVERRIDE", "0"},
                                                     {"PYTORCH_NO_CUDA_MEMORY_CACHING", "1"},
                                                     {"PYTORCH_CUDA_ALLOC_CONF", "backend:native"},
                                                     {"OPENBLAS_L2_SIZE", "1048576"}},
                                                    {Card("GPU-a", 4)}, {"", false});
  for (const auto& [name, value] : Environment{{"CUDA_MODULE_LOADING", "EAGER"},
                                               {"CUDA_MPS_PIPE_DIRECTORY", "/run/mps"},
                                               {"NCCL_DEBUG", "INFO"},
                                               {"NVIDIA_TF32_OVERRIDE", "0"},
                                               {"PYTORCH_CUDA_ALLOC_CONF", "backend:native"},
                                               {"OPENBLAS_L2_SIZE", "1048576"}}) {
    EXPECT_THAT(environment, Contains(Pair(name, value)));
  }
  EXPECT_THAT(environment, Not(Contains(Key("PYTORCH_NO_CUDA_MEMORY_CACHING"))));
}

TEST(WorkerEnvironmentTest, CudaIsMadeFitForDeterministicRunsAndManyLengths) {
  const Environment environment = WorkerEnvironment({}, {Card("GPU-a", 4)}, {"", true});
  EXPECT_THAT(environment, Contains(Pair("CUBLAS_WORKSPACE_CONFIG", ":4096:8")));
  EXPECT_THAT(environment, Contains(Pair("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")));
  EXPECT_THAT(
      WorkerEnvironment({{"PYTORCH_ALLOC_CONF", "backend:native"}}, {Card("GPU-a", 4)}, {"", true}),
      Not(Contains(Key("PYTORCH_CUDA_ALLOC_CONF"))));
  // An older libtorch refuses to allocate anything with it.
  EXPECT_THAT(WorkerEnvironment({}, {Card("GPU-a", 4)}, {"", false}),
              Not(Contains(Key("PYTORCH_CUDA_ALLOC_CONF"))));
}

}  // namespace
}  // namespace kur::server
