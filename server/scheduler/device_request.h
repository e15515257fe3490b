#ifndef KUR_SERVER_SCHEDULER_DEVICE_REQUEST_H_
#define KUR_SERVER_SCHEDULER_DEVICE_REQUEST_H_

#include <vector>

#include "server/protocol/evaluation.pb.h"

namespace kur::server {

// The devices that a job asks for.
struct DeviceRequest {
  enum class Kind { kAny, kCpu, kCuda };
  Kind kind = Kind::kAny;
  // For CUDA: the allowed indices; empty: all that are not excluded.
  std::vector<int> allowed;
  std::vector<int> excluded;
  // The number of devices.
  int count = 1;
};

DeviceRequest ToDeviceRequest(const RequestedDevices& devices);

}  // namespace kur::server

#endif  // KUR_SERVER_SCHEDULER_DEVICE_REQUEST_H_
