#ifndef KUR_SERVER_DEVICES_DEVICE_INVENTORY_H_
#define KUR_SERVER_DEVICES_DEVICE_INVENTORY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur::server {

// A device that at most one job at a time trains on.
struct Device {
  enum class Kind { kCpu, kCuda };
  std::string name;  // "cpu0", "cuda1"
  Kind kind = Kind::kCpu;
  std::string model;            // of the processor or the card
  std::vector<int> processors;  // CPU slot: its logical processors, ascending
  // The number of CPU threads that a job on the device should use. CPU slot: its processors. CUDA:
  // an even share of the machine's processors, at least 1.
  int threads = 0;
  int64_t memory_bytes = 0;  // CUDA: of the card; CPU slot: of the machine
  int cuda_index = -1;       // CUDA: the index of NVML
  std::string uuid;          // CUDA: for CUDA_VISIBLE_DEVICES
};

// Returns the number of CUDA devices in `devices`.
int CountCudaDevices(const std::vector<Device>& devices);

// The load of a CUDA device by all processes of the machine.
struct DeviceUsage {
  int64_t memory_used_bytes = 0;
  int utilization_percent = 0;
};

// The devices of this machine. The list does not change after the inventory was opened.
// Thread-safe.
class DeviceInventory {
 public:
  virtual ~DeviceInventory() = default;
  virtual const std::vector<Device>& devices() const = 0;
  // Returns the load of a device; zeros for a CPU slot.
  virtual absl::StatusOr<DeviceUsage> Usage(const Device& device) const = 0;
  // Returns messages for the operator, a sentence for each device that exists but could not be used
  // when the inventory was opened. Such devices are not in devices().
  virtual std::vector<std::string> problems() const { return {}; }
};

// Opens the inventory that `specification`, the value of --devices, describes:
//   "auto"   CUDA devices if the driver has any, else "cpu:1"
//   "cuda"   every CUDA device, or FAILED_PRECONDITION with the message of NVML
//   "cpu:N"  N slots that share the processors this process may use as evenly as they divide;
//            FAILED_PRECONDITION if there are fewer than N
// Returns INVALID_ARGUMENT for anything else. Loads `nvml_library` at run time: CUDA is needed
// neither to build nor to start.
absl::StatusOr<std::unique_ptr<DeviceInventory>> OpenDeviceInventory(
    absl::string_view specification, const std::string& nvml_library = "libnvidia-ml.so.1");

// Returns the number of CPU threads that a job on `devices` should use; at least 1.
int ThreadsFor(const std::vector<Device>& devices);

}  // namespace kur::server

#endif  // KUR_SERVER_DEVICES_DEVICE_INVENTORY_H_
