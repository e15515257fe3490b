#include "server/scheduler/device_matching.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/scheduler/scheduling_policy.h"

namespace kur::server {
namespace {

bool Contains(const std::vector<int>& values, int value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

Device::Kind WantedKind(const DeviceRequest& request, const std::vector<Device>& devices) {
  if (request.kind == DeviceRequest::Kind::kCpu) return Device::Kind::kCpu;
  if (request.kind == DeviceRequest::Kind::kCuda) return Device::Kind::kCuda;
  const bool has_cuda = std::any_of(devices.begin(), devices.end(), [](const Device& device) {
    return device.kind == Device::Kind::kCuda;
  });
  return has_cuda ? Device::Kind::kCuda : Device::Kind::kCpu;
}

bool Allows(const DeviceRequest& request, const Device& device) {
  if (device.kind == Device::Kind::kCpu) return true;
  if (Contains(request.excluded, device.cuda_index)) return false;
  return request.allowed.empty() || Contains(request.allowed, device.cuda_index);
}

const char* NounFor(DeviceRequest::Kind kind) {
  switch (kind) {
    case DeviceRequest::Kind::kCpu:
      return "CPU slot";
    case DeviceRequest::Kind::kCuda:
      return "CUDA device";
    case DeviceRequest::Kind::kAny:
      break;
  }
  return "device";
}

std::string NamesOf(const std::vector<Device>& devices) {
  if (devices.empty()) return "no device";
  return absl::StrJoin(devices, ", ", [](std::string* out, const Device& device) {
    absl::StrAppend(out, device.name);
  });
}

}  // namespace

DeviceRequest ToDeviceRequest(const RequestedDevices& devices) {
  DeviceRequest request;
  if (devices.kind() == RequestedDevices::KIND_CPU) request.kind = DeviceRequest::Kind::kCpu;
  if (devices.kind() == RequestedDevices::KIND_CUDA) request.kind = DeviceRequest::Kind::kCuda;
  request.allowed.assign(devices.allowed().begin(), devices.allowed().end());
  request.excluded.assign(devices.excluded().begin(), devices.excluded().end());
  request.count = devices.count();
  return request;
}

std::vector<size_t> UsableDevices(const DeviceRequest& request,
                                  const std::vector<Device>& devices) {
  const Device::Kind kind = WantedKind(request, devices);
  std::vector<size_t> usable;
  for (size_t i = 0; i < devices.size(); ++i) {
    if (devices[i].kind == kind && Allows(request, devices[i])) usable.push_back(i);
  }
  return usable;
}

std::string DescribeRequest(const DeviceRequest& request) {
  std::string text =
      absl::StrCat(request.count, " ", NounFor(request.kind), request.count == 1 ? "" : "s");
  if (request.kind == DeviceRequest::Kind::kCpu) return text;
  if (!request.allowed.empty()) {
    absl::StrAppend(&text, " among ", absl::StrJoin(request.allowed, ", "));
  }
  if (!request.excluded.empty()) {
    absl::StrAppend(&text, " other than ", absl::StrJoin(request.excluded, ", "));
  }
  return text;
}

std::set<std::string> HeldDevices(const SchedulingSnapshot& snapshot) {
  std::set<std::string> held;
  for (const auto& running : snapshot.running) {
    held.insert(running.devices.begin(), running.devices.end());
  }
  return held;
}

absl::Status CheckSatisfiable(const DeviceRequest& request, const std::vector<Device>& devices) {
  const size_t usable = UsableDevices(request, devices).size();
  if (request.count >= 1 && usable >= static_cast<size_t>(request.count)) return absl::OkStatus();

  std::string message = absl::StrCat("the job asks for ", DescribeRequest(request));
  if (request.count < 1) {
    absl::StrAppend(&message, ", but needs at least one; change settings.backend.parallel");
    return absl::FailedPreconditionError(message);
  }
  absl::StrAppend(&message, ", but this server has ", NamesOf(devices));
  if (usable > 0) absl::StrAppend(&message, ", of which it could use ", usable);
  absl::StrAppend(&message, "; change settings.backend.device or settings.backend.parallel");
  return absl::FailedPreconditionError(message);
}

}  // namespace kur::server
