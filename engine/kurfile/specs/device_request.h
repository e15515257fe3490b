#ifndef KUR_ENGINE_KURFILE_SPECS_DEVICE_REQUEST_H_
#define KUR_ENGINE_KURFILE_SPECS_DEVICE_REQUEST_H_

#include <vector>

#include "engine/base/location.h"
#include "engine/kurfile/schema/fields.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// Which devices a Kurfile asks for (`settings.backend`).
struct DeviceRequest {
  enum class Kind { kAny, kCpu, kCuda };
  Kind kind = Kind::kAny;
  // CUDA only: the indices that are allowed; empty: all that are not excluded.
  std::vector<int> allowed;
  std::vector<int> excluded;
  // How many devices.
  int count = 1;
  Location location;
};

// Reads `settings.backend` out of the evaluated settings and reports what is wrong with it.
DeviceRequest ParseDevices(const Value& settings, Diagnostics* diagnostics);

// The keys of `settings` that mean something to kurd; all others are the author's.
KeyTable SettingsKeys();

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_DEVICE_REQUEST_H_
