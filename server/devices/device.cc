#include "server/devices/device.h"

#include <algorithm>

namespace kur::server {

int ThreadsFor(const std::vector<Device>& devices) {
  int threads = 0;
  for (const Device& device : devices) threads += device.threads;
  return std::max(threads, 1);
}

int CountCudaDevices(const std::vector<Device>& devices) {
  return static_cast<int>(std::count_if(devices.begin(), devices.end(), [](const Device& device) {
    return device.kind == Device::Kind::kCuda;
  }));
}

}  // namespace kur::server
