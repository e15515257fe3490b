#ifndef KUR_SERVER_DEVICES_CPU_SLOTS_H_
#define KUR_SERVER_DEVICES_CPU_SLOTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/devices/device.h"

namespace kur::server {

// Returns the logical processors that this process may run on, ascending, at least one.
absl::StatusOr<std::vector<int>> AvailableProcessors();

// Sorts processors so that those of one core, and cores of one package, are neighbors.
// `cpu_directory` is /sys/devices/system/cpu or has the same layout. A processor that the directory
// does not describe counts as a core of its own.
std::vector<int> OrderByTopology(std::vector<int> processors, const std::string& cpu_directory);

// Splits `processors` into `count` consecutive shares whose sizes differ by at most one, and sorts
// each share. `count` is from 1 to the number of processors.
std::vector<std::vector<int>> ShareEvenly(const std::vector<int>& processors, int count);

// Returns the name of the processor in the text of /proc/cpuinfo; "CPU" if the kernel gives none.
std::string ProcessorModel(absl::string_view cpuinfo);

// Returns a slot "cpu0", "cpu1", … for each of the shares of processors.
absl::StatusOr<std::vector<Device>> MakeCpuSlots(std::vector<std::vector<int>> shares);

}  // namespace kur::server

#endif  // KUR_SERVER_DEVICES_CPU_SLOTS_H_
