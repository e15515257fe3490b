#ifndef KUR_SERVER_DEVICES_DEVICE_INVENTORY_H_
#define KUR_SERVER_DEVICES_DEVICE_INVENTORY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur::server {

// Something that one job at a time can train on.
struct Device {
  enum class Kind { kCpu, kCuda };
  std::string name;  // "cpu0", "cuda1"
  Kind kind = Kind::kCpu;
  std::string model;            // of the processor or the card
  std::vector<int> processors;  // CPU slots: the logical processors that belong to it, ascending
  int threads = 0;              // how many CPU threads a job on it should use: all of the slot's
                                // processors; CUDA: an even share of the machine's, at least 1
  int64_t memory_bytes = 0;     // CUDA: of the card; CPU: of the machine
  int cuda_index = -1;          // CUDA: as NVML counts
  std::string uuid;             // CUDA: for CUDA_VISIBLE_DEVICES
};

// How many of them are graphics cards.
int CountCudaDevices(const std::vector<Device>& devices);

// How busy a CUDA device is, by whomever.
struct DeviceUsage {
  int64_t memory_used_bytes = 0;
  int utilization_percent = 0;
};

// The devices of this machine. The list is fixed when the inventory is opened. Thread-safe.
class DeviceInventory {
 public:
  virtual ~DeviceInventory() = default;
  virtual const std::vector<Device>& devices() const = 0;
  // Zeros for a CPU slot.
  virtual absl::StatusOr<DeviceUsage> Usage(const Device& device) const = 0;
  // What the operator should know of devices that were found but could not be used when the
  // inventory was opened, a sentence each. They are not in devices().
  virtual std::vector<std::string> problems() const { return {}; }
};

// Opens the inventory that `specification` describes:
//   "auto"   CUDA devices if the driver has any, else "cpu:1"
//   "cuda"   every CUDA device, or FAILED_PRECONDITION with what NVML said
//   "cpu:N"  N slots that share the processors this process may use as evenly as they divide;
//            FAILED_PRECONDITION if there are fewer than N
// INVALID_ARGUMENT for anything else.
// `nvml_library` is loaded at run time: no CUDA is needed to build or to start.
absl::StatusOr<std::unique_ptr<DeviceInventory>> OpenDeviceInventory(
    absl::string_view specification, const std::string& nvml_library = "libnvidia-ml.so.1");

// How many CPU threads a job on these devices should use; at least 1.
int ThreadsFor(const std::vector<Device>& devices);

}  // namespace kur::server

#endif  // KUR_SERVER_DEVICES_DEVICE_INVENTORY_H_
