#ifndef KUR_SERVER_DEVICES_DEVICE_LIST_H_
#define KUR_SERVER_DEVICES_DEVICE_LIST_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur::server {

// What the value of --devices asks for.
struct DeviceList {
  bool automatic = false;       // "auto": cards where they can be used, else one CPU slot
  bool cuda = false;            // cards
  std::vector<int> cuda_cards;  // their numbers, ascending; empty: all that there are
  int cpu_slots = 0;
};

// Reads the value of --devices: "auto", or one or both of "cuda" or "cuda:NUMBERS" and "cpu:N",
// joined by '+', as in "cuda:0-3,6+cpu:2". INVALID_ARGUMENT for anything else. A pure function.
absl::StatusOr<DeviceList> ParseDeviceList(absl::string_view text);

}  // namespace kur::server

#endif  // KUR_SERVER_DEVICES_DEVICE_LIST_H_
