#ifndef KUR_SERVER_DEVICES_NVML_H_
#define KUR_SERVER_DEVICES_NVML_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/devices/device_inventory.h"

namespace kur::server {

// Wraps NVIDIA's management library, which is loaded at run time and initialized for the lifetime
// of the object. Every error is FAILED_PRECONDITION with the message of the library, except as
// stated below. Thread-safe, as the library is.
class Nvml {
 public:
  // Loads and initializes the library. Returns NOT_FOUND if the library cannot be loaded: there is
  // no driver.
  static absl::StatusOr<std::unique_ptr<Nvml>> Open(const std::string& library);
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  // Returns the number of devices that the driver has.
  absl::StatusOr<int> DeviceCount() const;

  // Describes a device, except for its share of CPU threads. `index` counts from 0.
  absl::StatusOr<Device> Describe(int index) const;

  // Returns the load of a device, or UNAVAILABLE if the device does not answer, as when it has
  // fallen off the bus. A device that does not measure utilization (one split into MIG instances)
  // has 0.
  absl::StatusOr<DeviceUsage> Usage(int index) const;

 private:
  struct Functions;
  explicit Nvml(std::unique_ptr<Functions> functions);

  absl::Status ToStatus(int result, absl::string_view context) const;

  const std::unique_ptr<Functions> functions_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_DEVICES_NVML_H_
