// A driver with as many devices as FAKE_NVML_DEVICES says. Initializing fails with the result
// FAKE_NVML_INIT_RESULT; the device FAKE_NVML_LOST has fallen off the bus. The device FAKE_NVML_MIG
// is split into FAKE_NVML_INSTANCES instances, which measure no utilization, at every other place.
// Device 0 has FAKE_NVML_USED_GIB of its memory in use, by process 4711.

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr int kSuccess = 0;
constexpr int kInvalidArgument = 2;
constexpr int kNotSupported = 3;
constexpr int kNotFound = 6;
constexpr int kInsufficientSize = 7;
constexpr int kLost = 15;

int FromEnvironment(const char* name, int fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::atoi(text);
}

int Print(char* out, unsigned size, const char* format, unsigned index) {
  const int length = std::snprintf(out, size, format, index);
  return length < static_cast<int>(size) ? kSuccess : kInsufficientSize;
}

// A handle is the index plus one, so that null stays invalid; that of an instance has its place
// plus one besides.
constexpr uintptr_t kPlace = 1000;
unsigned IndexOf(void* device) {
  return static_cast<unsigned>(reinterpret_cast<uintptr_t>(device) % kPlace) - 1;
}
unsigned PlaceOf(void* device) {
  return static_cast<unsigned>(reinterpret_cast<uintptr_t>(device) / kPlace);
}

}  // namespace

struct Memory {
  unsigned long long total, free, used;
};
struct Utilization {
  unsigned gpu, memory;
};
struct Process {
  unsigned pid;
  unsigned long long memory;
  unsigned gpu_instance, compute_instance;
};

extern "C" {

// How many sessions are open: for the tests.
int fake_nvml_sessions = 0;

int nvmlInit_v2() {
  const int result = FromEnvironment("FAKE_NVML_INIT_RESULT", kSuccess);
  if (result == kSuccess) ++fake_nvml_sessions;
  return result;
}

int nvmlShutdown() {
  --fake_nvml_sessions;
  return kSuccess;
}

const char* nvmlErrorString(int result) {
  if (result == kLost) return "GPU is lost";
  return result == 18 ? "Driver/library version mismatch" : "Unknown Error";
}

int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(FromEnvironment("FAKE_NVML_DEVICES", 0));
  return kSuccess;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  if (index >= static_cast<unsigned>(FromEnvironment("FAKE_NVML_DEVICES", 0))) {
    return kInvalidArgument;
  }
  if (static_cast<int>(index) == FromEnvironment("FAKE_NVML_LOST", -1)) return kLost;
  *device = reinterpret_cast<void*>(static_cast<uintptr_t>(index) + 1);
  return kSuccess;
}

int nvmlDeviceGetName(void* device, char* name, unsigned size) {
  return Print(name, size, "Fake GPU model %u", IndexOf(device));
}

int nvmlDeviceGetUUID(void* device, char* uuid, unsigned size) {
  if (PlaceOf(device) > 0) {
    return Print(uuid, size, "MIG-00000000-0000-0000-0000-%012u",
                 100 * IndexOf(device) + PlaceOf(device));
  }
  return Print(uuid, size, "GPU-00000000-0000-0000-0000-%012u", IndexOf(device));
}

int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  memory->total = 80ULL << 30;
  memory->used = (IndexOf(device) + 1ULL) << 29;
  if (IndexOf(device) == 0) {
    memory->used = static_cast<unsigned long long>(FromEnvironment("FAKE_NVML_USED_GIB", 1)) << 30;
  }
  memory->free = memory->total - memory->used;
  return kSuccess;
}

#ifndef FAKE_NVML_OLD
int nvmlDeviceGetUtilizationRates(void* device, Utilization* utilization) {
  if (static_cast<int>(IndexOf(device)) == FromEnvironment("FAKE_NVML_MIG", -1)) {
    return kNotSupported;
  }
  utilization->gpu = 10 * (IndexOf(device) + 1);
  utilization->memory = 1;
  return kSuccess;
}
#endif

int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  *current = static_cast<int>(IndexOf(device)) == FromEnvironment("FAKE_NVML_MIG", -1) ? 1 : 0;
  *pending = *current;
  return kSuccess;
}

int nvmlDeviceGetMaxMigDeviceCount(void*, unsigned* count) {
  *count = 7;
  return kSuccess;
}

int nvmlDeviceGetMigDeviceHandleByIndex(void* device, unsigned place, void** instance) {
  if (place % 2 != 0 ||
      place / 2 >= static_cast<unsigned>(FromEnvironment("FAKE_NVML_INSTANCES", 0))) {
    return kNotFound;
  }
  *instance = reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(device) + kPlace * (place + 1));
  return kSuccess;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, Process* processes) {
  *count = IndexOf(device) == 0 ? 1 : 0;
  if (*count == 1) processes[0] = {4711, 1ULL << 30, 0, 0};
  return kSuccess;
}

int nvmlDeviceGetCpuAffinity(void* device, unsigned size, unsigned long* words) {
  for (unsigned i = 0; i < size; ++i) words[i] = 0;
  words[0] = 1UL << IndexOf(device);
  return kSuccess;
}

}  // extern "C"
