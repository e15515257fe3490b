#include "server/devices/device_inventory.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"
#include "server/devices/cpu_slots.h"
#include "server/devices/nvml.h"

namespace kur::server {
namespace {

class CpuInventory : public DeviceInventory {
 public:
  CpuInventory(std::vector<Device> slots, std::vector<std::string> problems)
      : slots_(std::move(slots)), problems_(std::move(problems)) {}

  const std::vector<Device>& devices() const override { return slots_; }
  absl::StatusOr<DeviceUsage> Usage(const Device&) const override { return DeviceUsage{}; }
  std::vector<std::string> problems() const override { return problems_; }

 private:
  const std::vector<Device> slots_;
  const std::vector<std::string> problems_;
};

class CudaInventory : public DeviceInventory {
 public:
  CudaInventory(std::unique_ptr<Nvml> nvml, std::vector<Device> devices,
                std::vector<std::string> problems)
      : nvml_(std::move(nvml)), devices_(std::move(devices)), problems_(std::move(problems)) {}

  const std::vector<Device>& devices() const override { return devices_; }
  absl::StatusOr<DeviceUsage> Usage(const Device& device) const override {
    return nvml_->Usage(device.cuda_index);
  }
  std::vector<std::string> problems() const override { return problems_; }

 private:
  const std::unique_ptr<Nvml> nvml_;
  const std::vector<Device> devices_;
  const std::vector<std::string> problems_;
};

absl::StatusOr<std::unique_ptr<DeviceInventory>> OpenCpu(int slots,
                                                         std::vector<std::string> problems) {
  KUR_ASSIGN_OR_RETURN(auto devices, ListCpuSlots(slots));
  return std::make_unique<CpuInventory>(std::move(devices), std::move(problems));
}

// Opens an inventory of the CUDA devices that can be described; reports the others as problems.
// Returns NOT_FOUND if there is no driver or no device.
absl::StatusOr<std::unique_ptr<DeviceInventory>> OpenCuda(const std::string& nvml_library) {
  KUR_ASSIGN_OR_RETURN(auto nvml, Nvml::Open(nvml_library));
  KUR_ASSIGN_OR_RETURN(const int count, nvml->DeviceCount());
  if (count == 0) return absl::NotFoundError("the NVIDIA driver has no device");

  std::vector<Device> devices;
  std::vector<std::string> problems;
  for (int index = 0; index < count; ++index) {
    auto device = nvml->Describe(index);
    if (device.ok()) {
      devices.push_back(*std::move(device));
    } else {
      problems.push_back(absl::StrCat("left out ", device.status().message()));
    }
  }
  if (devices.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("no device is usable: ", problems.front()));
  }
  KUR_ASSIGN_OR_RETURN(const std::vector<int> processors, AvailableProcessors());
  for (Device& device : devices) {
    device.threads = std::max<int>(1, static_cast<int>(processors.size() / devices.size()));
  }
  return std::make_unique<CudaInventory>(std::move(nvml), std::move(devices), std::move(problems));
}

absl::StatusOr<std::unique_ptr<DeviceInventory>> OpenAuto(const std::string& nvml_library) {
  auto cuda = OpenCuda(nvml_library);
  if (cuda.ok()) return cuda;
  std::vector<std::string> problems;
  // A machine without a driver or a device is no problem; a broken driver is.
  if (!absl::IsNotFound(cuda.status())) {
    problems.push_back(
        absl::StrCat("CUDA is not used, jobs train on the CPU: ", cuda.status().message()));
  }
  return OpenCpu(/*slots=*/1, std::move(problems));
}

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceInventory>> OpenDeviceInventory(
    absl::string_view specification, const std::string& nvml_library) {
  if (specification == "auto") return OpenAuto(nvml_library);
  if (specification == "cuda") {
    auto cuda = OpenCuda(nvml_library);
    if (cuda.ok()) return cuda;
    return absl::FailedPreconditionError(
        absl::StrCat("no CUDA devices: ", cuda.status().message(),
                     "; repair the NVIDIA driver, or train on the CPU with cpu:N"));
  }
  absl::string_view number = specification;
  int slots = 0;
  if (absl::ConsumePrefix(&number, "cpu:") && absl::SimpleAtoi(number, &slots) && slots >= 1) {
    return OpenCpu(slots, {});
  }
  return absl::InvalidArgumentError(
      absl::StrCat("cannot read the devices '", specification,
                   "'; give auto, cuda, or cpu:N with a number of CPU slots from 1, as in cpu:2"));
}

int ThreadsFor(const std::vector<Device>& devices) {
  int threads = 0;
  for (const Device& device : devices) threads += device.threads;
  return std::max(threads, 1);
}

int CountCudaDevices(const std::vector<Device>& devices) {
  return static_cast<int>(std::count_if(devices.begin(), devices.end(), [](const Device& device) {
    return device.kind == Device::Kind::kCuda;
  }));
}

}  // namespace kur::server
