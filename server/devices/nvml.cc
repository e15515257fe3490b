#include "server/devices/nvml.h"

#include <dlfcn.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

// The types and values of the stable binary interface of NVML that are used here.
using NvmlReturn = int;
using NvmlDevice = void*;  // opaque
struct NvmlMemory {
  unsigned long long total, free, used;  // NOLINT(google-runtime-int): as NVML declares it
};
struct NvmlUtilization {
  unsigned gpu, memory;  // percent
};
struct NvmlProcess {
  unsigned pid;
  unsigned long long memory;  // NOLINT(google-runtime-int): as NVML declares it
  unsigned gpu_instance, compute_instance;
};
constexpr NvmlReturn kSuccess = 0;
constexpr NvmlReturn kInsufficientSize = 7;
constexpr unsigned kTextBytes = 96;  // enough for every name and UUID
constexpr unsigned kMigEnabled = 1;
constexpr unsigned kMostProcesses = 256;
// Enough for 4096 processors.
constexpr unsigned kAffinityWords = 64;
constexpr int kBitsOfWord = 64;

struct CloseLibrary {
  void operator()(void* library) const { dlclose(library); }
};

}  // namespace

struct Nvml::Functions {
  std::unique_ptr<void, CloseLibrary> library;
  NvmlReturn (*init)() = nullptr;
  NvmlReturn (*shutdown)() = nullptr;
  const char* (*error_string)(NvmlReturn) = nullptr;
  NvmlReturn (*device_count)(unsigned*) = nullptr;
  NvmlReturn (*handle_by_index)(unsigned, NvmlDevice*) = nullptr;
  NvmlReturn (*name)(NvmlDevice, char*, unsigned) = nullptr;
  NvmlReturn (*uuid)(NvmlDevice, char*, unsigned) = nullptr;
  NvmlReturn (*memory_info)(NvmlDevice, NvmlMemory*) = nullptr;
  NvmlReturn (*utilization_rates)(NvmlDevice, NvmlUtilization*) = nullptr;
  // Null where the driver is older than they are.
  NvmlReturn (*mig_mode)(NvmlDevice, unsigned* current, unsigned* pending) = nullptr;
  NvmlReturn (*mig_count)(NvmlDevice, unsigned*) = nullptr;
  NvmlReturn (*mig_handle)(NvmlDevice, unsigned, NvmlDevice*) = nullptr;
  NvmlReturn (*processes)(NvmlDevice, unsigned*, NvmlProcess*) = nullptr;
  // NOLINTNEXTLINE(google-runtime-int): as NVML declares it
  NvmlReturn (*cpu_affinity)(NvmlDevice, unsigned, unsigned long*) = nullptr;

  template <class Function>
  absl::Status Load(const char* symbol, Function** function) {
    *function = reinterpret_cast<Function*>(dlsym(library.get(), symbol));
    if (*function != nullptr) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        "the NVIDIA driver's management library has no ", symbol, "; update the driver"));
  }

  template <class Function>
  void LoadIfThere(const char* symbol, Function** function) {
    *function = reinterpret_cast<Function*>(dlsym(library.get(), symbol));
  }

  absl::Status LoadAll() {
    LoadIfThere("nvmlDeviceGetMigMode", &mig_mode);
    LoadIfThere("nvmlDeviceGetMaxMigDeviceCount", &mig_count);
    LoadIfThere("nvmlDeviceGetMigDeviceHandleByIndex", &mig_handle);
    LoadIfThere("nvmlDeviceGetComputeRunningProcesses_v3", &processes);
    LoadIfThere("nvmlDeviceGetCpuAffinity", &cpu_affinity);
    KUR_RETURN_IF_ERROR(Load("nvmlInit_v2", &init));
    KUR_RETURN_IF_ERROR(Load("nvmlShutdown", &shutdown));
    KUR_RETURN_IF_ERROR(Load("nvmlErrorString", &error_string));
    KUR_RETURN_IF_ERROR(Load("nvmlDeviceGetCount_v2", &device_count));
    KUR_RETURN_IF_ERROR(Load("nvmlDeviceGetHandleByIndex_v2", &handle_by_index));
    KUR_RETURN_IF_ERROR(Load("nvmlDeviceGetName", &name));
    KUR_RETURN_IF_ERROR(Load("nvmlDeviceGetUUID", &uuid));
    KUR_RETURN_IF_ERROR(Load("nvmlDeviceGetMemoryInfo", &memory_info));
    return Load("nvmlDeviceGetUtilizationRates", &utilization_rates);
  }
};

Nvml::Nvml(std::unique_ptr<Functions> functions) : functions_(std::move(functions)) {}

Nvml::~Nvml() { functions_->shutdown(); }

absl::StatusOr<std::unique_ptr<Nvml>> Nvml::Open(const std::string& library) {
  auto functions = std::make_unique<Functions>();
  functions->library.reset(dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (functions->library == nullptr) {
    return absl::NotFoundError(absl::StrCat("loading the NVIDIA driver's library: ", dlerror()));
  }
  KUR_RETURN_IF_ERROR(functions->LoadAll());
  const NvmlReturn result = functions->init();
  if (result != kSuccess) {
    return absl::FailedPreconditionError(
        absl::StrCat("initializing NVML: ", functions->error_string(result)));
  }
  return std::unique_ptr<Nvml>(new Nvml(std::move(functions)));
}

absl::Status Nvml::ToStatus(int result, absl::string_view context) const {
  if (result == kSuccess) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(context, ": ", functions_->error_string(result)));
}

absl::StatusOr<int> Nvml::DeviceCount() const {
  unsigned count = 0;
  KUR_RETURN_IF_ERROR(ToStatus(functions_->device_count(&count), "counting the CUDA devices"));
  return static_cast<int>(count);
}

absl::StatusOr<Device> Nvml::DescribeHandle(void* handle, const std::string& name,
                                            int index) const {
  Device device;
  device.name = name;
  device.kind = Device::Kind::kCuda;
  device.cuda_index = index;
  std::array<char, kTextBytes> model = {};
  std::array<char, kTextBytes> uuid = {};
  NvmlMemory memory = {};
  KUR_RETURN_IF_ERROR(
      ToStatus(functions_->name(handle, model.data(), model.size()), name + ": its name"));
  KUR_RETURN_IF_ERROR(
      ToStatus(functions_->uuid(handle, uuid.data(), uuid.size()), name + ": its UUID"));
  KUR_RETURN_IF_ERROR(ToStatus(functions_->memory_info(handle, &memory), name + ": its memory"));
  device.model = model.data();
  device.uuid = uuid.data();
  device.memory_bytes = static_cast<int64_t>(memory.total);
  return device;
}

absl::StatusOr<std::vector<Device>> Nvml::Describe(int index) const {
  const std::string name = absl::StrCat("cuda", index);
  NvmlDevice card = nullptr;
  KUR_RETURN_IF_ERROR(ToStatus(functions_->handle_by_index(index, &card), name));
  unsigned mig = 0;
  unsigned pending = 0;
  const bool is_split = functions_->mig_mode != nullptr && functions_->mig_count != nullptr &&
                        functions_->mig_handle != nullptr &&
                        functions_->mig_mode(card, &mig, &pending) == kSuccess &&
                        mig == kMigEnabled;
  std::vector<Device> devices;
  if (!is_split) {
    KUR_ASSIGN_OR_RETURN(Device device, DescribeHandle(card, name, index));
    devices.push_back(std::move(device));
    return devices;
  }
  unsigned places = 0;
  KUR_RETURN_IF_ERROR(ToStatus(functions_->mig_count(card, &places), name + ": its instances"));
  for (unsigned place = 0; place < places; ++place) {
    NvmlDevice instance = nullptr;
    // Not every place has an instance.
    if (functions_->mig_handle(card, place, &instance) != kSuccess) continue;
    KUR_ASSIGN_OR_RETURN(Device device,
                         DescribeHandle(instance, absl::StrCat(name, ".", place), index));
    device.mig_place = static_cast<int>(place);
    devices.push_back(std::move(device));
  }
  return devices;
}

std::vector<int> Nvml::NearProcessors(int index) const {
  std::vector<int> near;
  NvmlDevice handle = nullptr;
  // NOLINTNEXTLINE(google-runtime-int): as NVML declares it
  std::array<unsigned long, kAffinityWords> words = {};
  if (functions_->cpu_affinity == nullptr ||
      functions_->handle_by_index(index, &handle) != kSuccess ||
      functions_->cpu_affinity(handle, words.size(), words.data()) != kSuccess) {
    return near;
  }
  for (int i = 0; i < static_cast<int>(words.size()) * kBitsOfWord; ++i) {
    if ((words[i / kBitsOfWord] >> (i % kBitsOfWord) & 1) != 0) near.push_back(i);
  }
  return near;
}

absl::StatusOr<DeviceUsage> Nvml::Usage(const Device& device) const {
  NvmlDevice handle = nullptr;
  NvmlMemory memory = {};
  NvmlUtilization utilization = {};
  NvmlReturn result = functions_->handle_by_index(device.cuda_index, &handle);
  if (result == kSuccess && device.mig_place >= 0) {
    result = functions_->mig_handle(handle, device.mig_place, &handle);
  }
  if (result == kSuccess) result = functions_->memory_info(handle, &memory);
  if (result != kSuccess) {
    return absl::UnavailableError(
        absl::StrCat(device.name, " does not answer: ", functions_->error_string(result)));
  }
  // Not measured by a card that is split, nor told to everyone.
  if (functions_->utilization_rates(handle, &utilization) != kSuccess) utilization = {};
  DeviceUsage usage;
  usage.memory_used_bytes = static_cast<int64_t>(memory.used);
  usage.utilization_percent = static_cast<int>(utilization.gpu);
  std::array<NvmlProcess, kMostProcesses> processes = {};
  unsigned count = processes.size();
  if (functions_->processes == nullptr) return usage;
  result = functions_->processes(handle, &count, processes.data());
  if (result == kInsufficientSize) count = processes.size();
  if (result != kSuccess && result != kInsufficientSize) return usage;
  for (unsigned i = 0; i < count; ++i) {
    usage.processes.push_back(static_cast<int64_t>(processes[i].pid));
  }
  return usage;
}

}  // namespace kur::server
