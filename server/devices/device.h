#ifndef KUR_SERVER_DEVICES_DEVICE_H_
#define KUR_SERVER_DEVICES_DEVICE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace kur::server {

// A device that at most one job at a time trains on.
struct Device {
  enum class Kind { kCpu, kCuda };
  std::string name;  // "cpu0", "cuda1"
  Kind kind = Kind::kCpu;
  std::string model;  // of the processor or the card
  // The logical processors that a job on the device uses, ascending: an even share of the
  // machine's, for a card those near it.
  std::vector<int> processors;
  int threads = 0;           // as many as there are processors
  int64_t memory_bytes = 0;  // CUDA: of the card; CPU slot: of the machine
  int cuda_index = -1;       // CUDA: the index of NVML
  int mig_place = -1;        // CUDA: the instance of a card that is split; -1: it is not
  std::string uuid;          // CUDA: for CUDA_VISIBLE_DEVICES
  // Why no job may start on it at present though it holds none; empty: one may.
  std::string unavailable;
};

// Returns the number of CUDA devices in `devices`.
int CountCudaDevices(const std::vector<Device>& devices);

// The load of a CUDA device by all processes of the machine.
struct DeviceUsage {
  int64_t memory_used_bytes = 0;
  int utilization_percent = 0;
  std::vector<int64_t> processes;  // that compute on it; none are seen from within a container
};

// Returns the number of CPU threads that a job on `devices` should use; at least 1.
int ThreadsFor(const std::vector<Device>& devices);

}  // namespace kur::server

#endif  // KUR_SERVER_DEVICES_DEVICE_H_
