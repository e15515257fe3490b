#ifndef KUR_SERVER_DEVICES_DEVICE_INVENTORY_H_
#define KUR_SERVER_DEVICES_DEVICE_INVENTORY_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/devices/card_watch.h"
#include "server/devices/device.h"

namespace kur::server {

// The devices of this machine. Thread-safe.
class DeviceInventory {
 public:
  virtual ~DeviceInventory() = default;
  // Returns the devices as they are now. One that has stopped to answer is not among them any more.
  virtual std::vector<Device> devices() const = 0;
  // Returns the load of a device; zeros for a CPU slot.
  virtual absl::StatusOr<DeviceUsage> Usage(const Device& device) const = 0;
  // Returns messages for the operator, a sentence for each device that exists but cannot be used.
  // Such devices are not in devices().
  virtual std::vector<std::string> problems() const { return {}; }
  // Tells which devices have jobs of kurd. One that has none any more is unavailable until its
  // memory is free again.
  virtual void SetHeld(const std::set<std::string>& names) { static_cast<void>(names); }
  // Sets what is called, by a thread of the inventory, when devices() or problems() have changed;
  // null: nothing. Not called any more when this has returned.
  virtual void SetOnChange(std::function<void()> on_change) { static_cast<void>(on_change); }
};

// Returns what stands in the way of training on `cards`, a status each, as a worker has found it;
// an error if no worker can say. Blocks.
using CardTrial =
    std::function<absl::StatusOr<std::vector<absl::Status>>(const std::vector<Device>& cards)>;

struct InventoryOptions {
  // Is loaded at run time: CUDA is needed neither to build nor to start.
  std::string nvml_library = "libnvidia-ml.so.1";
  CardTrial try_cards;  // null: every card that the driver has is believed in
  CardWatch::Options watch;
};

// Opens the inventory that `specification`, the value of --devices, describes:
//   "auto"              the cards that driver and worker can use, else "cpu:1"
//   "cuda", "cuda:0-3"  cards; FAILED_PRECONDITION if none can be used, or one named cannot
//   "cpu:N"             N slots that share the processors this process may use as evenly as they
//                       divide; FAILED_PRECONDITION if there are fewer than N
//   "cuda+cpu:N"        both
// Returns INVALID_ARGUMENT for anything else.
absl::StatusOr<std::unique_ptr<DeviceInventory>> OpenDeviceInventory(
    absl::string_view specification, const InventoryOptions& options = {});

}  // namespace kur::server

#endif  // KUR_SERVER_DEVICES_DEVICE_INVENTORY_H_
