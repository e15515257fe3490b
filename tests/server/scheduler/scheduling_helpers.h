#ifndef KUR_TESTS_SERVER_SCHEDULER_SCHEDULING_HELPERS_H_
#define KUR_TESTS_SERVER_SCHEDULER_SCHEDULING_HELPERS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/scheduler/scheduling_policy.h"

namespace kur::server {

inline std::vector<Device> CpuSlots(int count) {
  std::vector<Device> devices(count);
  for (int i = 0; i < count; ++i) {
    devices[i].name = "cpu" + std::to_string(i);
    devices[i].kind = Device::Kind::kCpu;
  }
  return devices;
}

inline std::vector<Device> CudaDevices(int count) {
  std::vector<Device> devices(count);
  for (int i = 0; i < count; ++i) {
    devices[i].name = "cuda" + std::to_string(i);
    devices[i].kind = Device::Kind::kCuda;
    devices[i].cuda_index = i;
  }
  return devices;
}

inline DeviceRequest Ask(DeviceRequest::Kind kind, int count = 1, std::vector<int> allowed = {},
                         std::vector<int> excluded = {}) {
  DeviceRequest request;
  request.kind = kind;
  request.count = count;
  request.allowed = std::move(allowed);
  request.excluded = std::move(excluded);
  return request;
}

// A job of ann's that wants any one device and writes nothing.
inline SchedulableJob Job(std::string name, DeviceRequest request = {},
                          std::vector<std::string> writes = {}) {
  SchedulableJob job;
  job.name = std::move(name);
  job.owner = "ann";
  job.project = "default";
  job.request = std::move(request);
  job.writes = std::move(writes);
  return job;
}

inline SchedulableJob OwnedBy(std::string owner, SchedulableJob job) {
  job.owner = std::move(owner);
  return job;
}

}  // namespace kur::server

#endif  // KUR_TESTS_SERVER_SCHEDULER_SCHEDULING_HELPERS_H_
