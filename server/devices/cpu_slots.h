#ifndef KUR_SERVER_DEVICES_CPU_SLOTS_H_
#define KUR_SERVER_DEVICES_CPU_SLOTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/devices/device_inventory.h"

namespace kur::server {

// The logical processors that this process may run on, ascending. Never empty.
absl::StatusOr<std::vector<int>> AvailableProcessors();

// Sorts processors so that those of one core, and cores of one package, stand next to each other.
// `cpu_directory` is the kernel's /sys/devices/system/cpu; a processor that it does not describe
// counts as a core of its own.
std::vector<int> OrderByTopology(std::vector<int> processors, const std::string& cpu_directory);

// Cuts `processors` into `count` runs whose lengths differ by at most one; each is then sorted.
// `count` is from 1 to the number of processors.
std::vector<std::vector<int>> ShareEvenly(const std::vector<int>& processors, int count);

// The processor's name in the text of /proc/cpuinfo; "CPU" where the kernel gives none.
std::string ProcessorModel(absl::string_view cpuinfo);

// `count` slots "cpu0", "cpu1", ... that share the available processors, hyper-threads of one core
// in the same slot. FAILED_PRECONDITION if there are fewer processors than slots.
absl::StatusOr<std::vector<Device>> ListCpuSlots(int count);

}  // namespace kur::server

#endif  // KUR_SERVER_DEVICES_CPU_SLOTS_H_
