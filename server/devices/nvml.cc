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
using NvmlDevice = struct NvmlDeviceHandle*;
struct NvmlMemory {
  unsigned long long total, free, used;  // NOLINT(google-runtime-int): as NVML declares it
};
struct NvmlUtilization {
  unsigned gpu, memory;  // percent
};
constexpr NvmlReturn kSuccess = 0;
constexpr NvmlReturn kNotSupported = 3;
constexpr unsigned kTextBytes = 96;  // enough for every name and UUID

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

  template <class Function>
  absl::Status Load(const char* symbol, Function** function) {
    *function = reinterpret_cast<Function*>(dlsym(library.get(), symbol));
    if (*function != nullptr) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        "the NVIDIA driver's management library has no ", symbol, "; update the driver"));
  }

  absl::Status LoadAll() {
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

absl::StatusOr<Device> Nvml::Describe(int index) const {
  Device device;
  device.name = absl::StrCat("cuda", index);
  device.kind = Device::Kind::kCuda;
  device.cuda_index = index;

  NvmlDevice handle = nullptr;
  std::array<char, kTextBytes> model = {};
  std::array<char, kTextBytes> uuid = {};
  NvmlMemory memory = {};
  KUR_RETURN_IF_ERROR(ToStatus(functions_->handle_by_index(index, &handle), device.name));
  KUR_RETURN_IF_ERROR(
      ToStatus(functions_->name(handle, model.data(), model.size()), device.name + ": its name"));
  KUR_RETURN_IF_ERROR(
      ToStatus(functions_->uuid(handle, uuid.data(), uuid.size()), device.name + ": its UUID"));
  KUR_RETURN_IF_ERROR(
      ToStatus(functions_->memory_info(handle, &memory), device.name + ": its memory"));
  device.model = model.data();
  device.uuid = uuid.data();
  device.memory_bytes = static_cast<int64_t>(memory.total);
  return device;
}

absl::StatusOr<DeviceUsage> Nvml::Usage(int index) const {
  NvmlDevice handle = nullptr;
  NvmlMemory memory = {};
  NvmlUtilization utilization = {};
  NvmlReturn result = functions_->handle_by_index(index, &handle);
  if (result == kSuccess) result = functions_->memory_info(handle, &memory);
  if (result == kSuccess) result = functions_->utilization_rates(handle, &utilization);
  if (result != kSuccess && result != kNotSupported) {
    return absl::UnavailableError(
        absl::StrCat("cuda", index, " does not answer: ", functions_->error_string(result)));
  }
  return DeviceUsage{static_cast<int64_t>(memory.used), static_cast<int>(utilization.gpu)};
}

}  // namespace kur::server
