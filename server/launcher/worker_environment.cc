#include "server/launcher/worker_environment.h"

#include <algorithm>
#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/library_kernels.h"

namespace kur::server {
namespace {

// Secrets reach kurd through its environment; a worker gets nothing that is not named here.
constexpr std::array<const char*, 22> kInherited = {"PATH",
                                                    "HOME",
                                                    "LANG",
                                                    "LANGUAGE",
                                                    "TZ",
                                                    "TMPDIR",
                                                    "LD_LIBRARY_PATH",
                                                    "SSL_CERT_FILE",
                                                    "SSL_CERT_DIR",
                                                    "CUDA_HOME",
                                                    "CUDA_PATH",
                                                    "CUDA_CACHE_PATH",
                                                    "CUDA_MODULE_LOADING",
                                                    "NVIDIA_TF32_OVERRIDE",
                                                    "ASAN_OPTIONS",
                                                    "LSAN_OPTIONS",
                                                    "TSAN_OPTIONS",
                                                    "UBSAN_OPTIONS",
                                                    "ASAN_SYMBOLIZER_PATH",
                                                    "OPENBLAS_CORETYPE",
                                                    "OPENBLAS_L2_SIZE",
                                                    "ATEN_CPU_CAPABILITY"};

bool IsInherited(const std::string& name) {
  const bool is_allocator =
      absl::StartsWith(name, "PYTORCH_") && absl::EndsWith(name, "ALLOC_CONF");
  return is_allocator || absl::StartsWith(name, "LC_") || absl::StartsWith(name, "CUDA_MPS_") ||
         absl::StartsWith(name, "NCCL_") ||
         std::find(kInherited.begin(), kInherited.end(), name) != kInherited.end();
}

bool IsCuda(const Device& device) { return device.kind == Device::Kind::kCuda; }

std::string VisibleCudaDevices(const std::vector<Device>& devices) {
  std::vector<std::string> uuids;
  for (const Device& device : devices) {
    if (IsCuda(device)) uuids.push_back(device.uuid);
  }
  return absl::StrJoin(uuids, ",");
}

}  // namespace

Environment WorkerEnvironment(const Environment& inherited, const std::vector<Device>& devices,
                              const Machine& machine) {
  Environment environment;
  for (const auto& [name, value] : inherited) {
    if (IsInherited(name)) environment[name] = value;
  }
  SetKernelChoice(KernelChoices(machine.cpuinfo), 0, &environment);
  const std::string threads = absl::StrCat(ThreadsFor(devices));
  environment["OMP_NUM_THREADS"] = threads;
  environment["OPENBLAS_NUM_THREADS"] = threads;
  SetThreadWaiting(&environment);
  environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID";
  // Without it cuBLAS refuses every product of a deterministic run.
  environment["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8";
  // Segments that grow: sequences of many lengths do not cut the card's memory into pieces.
  if (machine.has_expandable_segments && environment.count("PYTORCH_ALLOC_CONF") == 0) {
    environment.emplace("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True");
  }
  environment["CUDA_VISIBLE_DEVICES"] = VisibleCudaDevices(devices);
  return environment;
}

}  // namespace kur::server
