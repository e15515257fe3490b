#include "server/launcher/worker_environment.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "engine/base/processor_environment.h"

namespace kur::server {
namespace {

// Secrets reach kurd through its environment; a worker gets nothing that is not named here.
constexpr std::array<const char*, 19> kInherited = {"PATH",
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
                                                    "ASAN_OPTIONS",
                                                    "LSAN_OPTIONS",
                                                    "TSAN_OPTIONS",
                                                    "UBSAN_OPTIONS",
                                                    "ASAN_SYMBOLIZER_PATH",
                                                    "OPENBLAS_CORETYPE",
                                                    "ATEN_CPU_CAPABILITY"};

bool IsInherited(const std::string& name) {
  return absl::StartsWith(name, "LC_") ||
         std::find(kInherited.begin(), kInherited.end(), name) != kInherited.end();
}

bool IsCuda(const Device& device) { return device.kind == Device::Kind::kCuda; }

// Threads that spin while they wait are faster only where nobody else wants the processors: a job
// on CPU slots that make up the whole machine.
bool OwnsTheMachine(const std::vector<Device>& devices, const Machine& machine) {
  return std::none_of(devices.begin(), devices.end(), IsCuda) &&
         ThreadsFor(devices) >= machine.processors;
}

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
  environment.merge(ProcessorEnvironment(machine.cpuinfo));
  const std::string threads = absl::StrCat(ThreadsFor(devices));
  environment["OMP_NUM_THREADS"] = threads;
  environment["OPENBLAS_NUM_THREADS"] = threads;
  if (!OwnsTheMachine(devices, machine)) environment["OMP_WAIT_POLICY"] = "passive";
  environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID";
  environment["CUDA_VISIBLE_DEVICES"] = VisibleCudaDevices(devices);
  return environment;
}

Environment OwnEnvironment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::pair<std::string, std::string> variable = absl::StrSplit(*entry, absl::MaxSplits('=', 1));
    if (absl::StrContains(*entry, "=")) environment.insert(std::move(variable));
  }
  return environment;
}

}  // namespace kur::server
