#ifndef KUR_ENGINE_KURFILE_SPECS_DEVICE_REQUEST_H_
#define KUR_ENGINE_KURFILE_SPECS_DEVICE_REQUEST_H_

#include <vector>

#include "engine/base/location.h"
#include "engine/kurfile/schema/fields.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// The devices that a Kurfile asks for (`settings.backend`).
struct DeviceRequest {
  enum class Kind { kAny, kCpu, kCuda };
  Kind kind = Kind::kAny;
  // For CUDA: the allowed indices; empty: all that are not excluded.
  std::vector<int> allowed;
  std::vector<int> excluded;
  // The number of devices.
  int count = 1;
  Location location;
};

// Parses `settings.backend` of the evaluated settings and reports errors.
DeviceRequest ParseDevices(const Value& settings, Diagnostics* diagnostics);

// Returns the keys of `settings` that have a meaning here; all others are the author's own.
KeyTable SettingsKeys();

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_DEVICE_REQUEST_H_
