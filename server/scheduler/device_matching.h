#ifndef KUR_SERVER_SCHEDULER_DEVICE_MATCHING_H_
#define KUR_SERVER_SCHEDULER_DEVICE_MATCHING_H_

#include <cstddef>
#include <string>
#include <vector>

#include "server/devices/device_inventory.h"
#include "server/scheduler/device_request.h"

namespace kur::server {

// The positions in `devices` of those that the request allows, ascending. A request for any kind
// means CUDA devices where there are some, else CPU slots.
std::vector<size_t> UsableDevices(const DeviceRequest& request, const std::vector<Device>& devices);

// "1 CPU slot", "2 CUDA devices among 2, 4, 5", "1 device other than 0".
std::string DescribeRequest(const DeviceRequest& request);

}  // namespace kur::server

#endif  // KUR_SERVER_SCHEDULER_DEVICE_MATCHING_H_
