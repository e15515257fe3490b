#ifndef KUR_SERVER_LAUNCHER_WORKER_ENVIRONMENT_H_
#define KUR_SERVER_LAUNCHER_WORKER_ENVIRONMENT_H_

#include <string>
#include <vector>

#include "engine/base/environment.h"
#include "server/devices/device_inventory.h"

namespace kur::server {

// What the environment of a worker depends on beside its devices.
struct Machine {
  std::string cpuinfo;  // the text of /proc/cpuinfo
  // Whether the libtorch of the workers knows expandable_segments (from 2.1 on); another one fails.
  bool has_expandable_segments = KUR_EXPANDABLE_SEGMENTS;
};

// The environment of a worker that trains on `devices`: of `inherited` (kurd's own) only what a
// program needs to find its files, libraries and language, and the options of sanitizers; then the
// devices it sees, its thread counts, how its threads wait, and the BLAS and ATen kernels that suit
// the processor. An operator who has set OPENBLAS_CORETYPE or ATEN_CPU_CAPABILITY for kurd is
// believed. A pure function.
Environment WorkerEnvironment(const Environment& inherited, const std::vector<Device>& devices,
                              const Machine& machine);

}  // namespace kur::server

#endif  // KUR_SERVER_LAUNCHER_WORKER_ENVIRONMENT_H_
