#ifndef KUR_SERVER_DEVICES_NVML_H_
#define KUR_SERVER_DEVICES_NVML_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/devices/device.h"

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

  // Describes what jobs can use of a card, except for the share of processors: the card, or the MIG
  // instances that it is split into, which may be none. `index` counts from 0.
  absl::StatusOr<std::vector<Device>> Describe(int index) const;

  // Returns the processors that are near a card, ascending; none if the driver does not say.
  std::vector<int> NearProcessors(int index) const;

  // Returns the load of a card or a MIG instance, or UNAVAILABLE if it does not answer, as when the
  // card has fallen off the bus. What is not measured (the utilization of a MIG instance) is 0.
  absl::StatusOr<DeviceUsage> Usage(const Device& device) const;

 private:
  struct Functions;
  explicit Nvml(std::unique_ptr<Functions> functions);

  absl::Status ToStatus(int result, absl::string_view context) const;
  absl::StatusOr<Device> DescribeHandle(void* handle, const std::string& name, int index) const;

  const std::unique_ptr<Functions> functions_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_DEVICES_NVML_H_
