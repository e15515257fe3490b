// A driver with as many devices as FAKE_NVML_DEVICES says. Initializing fails with the result
// FAKE_NVML_INIT_RESULT; the device FAKE_NVML_LOST has fallen off the bus, and the device
// FAKE_NVML_MIG measures no utilization.

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr int kSuccess = 0;
constexpr int kInvalidArgument = 2;
constexpr int kNotSupported = 3;
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

// A handle is the index plus one, so that null stays invalid.
unsigned IndexOf(void* device) {
  return static_cast<unsigned>(reinterpret_cast<uintptr_t>(device)) - 1;
}

}  // namespace

struct Memory {
  unsigned long long total, free, used;
};
struct Utilization {
  unsigned gpu, memory;
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
  return Print(uuid, size, "GPU-00000000-0000-0000-0000-%012u", IndexOf(device));
}

int nvmlDeviceGetMemoryInfo(void* device, Memory* memory) {
  memory->total = 80ULL << 30;
  memory->used = (IndexOf(device) + 1ULL) << 30;
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

}  // extern "C"
