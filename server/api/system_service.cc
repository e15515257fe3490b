#include "server/api/system_service.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/clock.h"
#include "server/api/unary.h"
#include "server/protocol/conversions.h"

namespace kur::server {
namespace {

v1::Device ToProto(const Device& device) {
  v1::Device proto;
  proto.set_name(device.name);
  proto.set_kind(device.kind == Device::Kind::kCuda ? "cuda" : "cpu");
  proto.set_model(device.model);
  for (const int processor : device.processors) proto.add_processors(processor);
  proto.set_memory_bytes(device.memory_bytes);
  proto.set_uuid(device.uuid);
  proto.set_unavailable(device.unavailable);
  return proto;
}

}  // namespace

SystemService::SystemService(JobManager& jobs, const DeviceInventory& inventory,
                             const Authenticator& authenticator, std::string version,
                             std::string state_directory)
    : jobs_(jobs),
      inventory_(inventory),
      authenticator_(authenticator),
      version_(std::move(version)),
      state_directory_(std::move(state_directory)),
      started_at_(TimeOfDay()) {}

grpc::ServerUnaryReactor* SystemService::GetServerInfo(grpc::CallbackServerContext* context,
                                                       const v1::GetServerInfoRequest*,
                                                       v1::ServerInfo* response) {
  return HandleInline(context, authenticator_, Action::kViewServer, response,
                      [this](const Caller& caller) -> absl::StatusOr<v1::ServerInfo> {
                        v1::ServerInfo info;
                        info.set_version(version_);
                        info.set_user(caller.user);
                        *info.mutable_started_at() = ToTimestamp(started_at_);
                        // Whoever runs kurd has a use for it.
                        if (caller.user == Authenticator::LocalUser()) {
                          info.set_state_directory(state_directory_);
                        }
                        info.set_pid(getpid());
                        return info;
                      });
}

grpc::ServerUnaryReactor* SystemService::ListDevices(grpc::CallbackServerContext* context,
                                                     const v1::ListDevicesRequest*,
                                                     v1::ListDevicesResponse* response) {
  return HandleInline(context, authenticator_, Action::kViewServer, response,
                      [this](const Caller& caller) -> absl::StatusOr<v1::ListDevicesResponse> {
                        return Devices(caller);
                      });
}

v1::ListDevicesResponse SystemService::Devices(const Caller& caller) const {
  const auto holders = jobs_.DeviceHolders();
  v1::ListDevicesResponse response;
  for (std::string& problem : inventory_.problems()) *response.add_problems() = std::move(problem);
  for (const Device& device : inventory_.devices()) {
    v1::Device& proto = *response.add_devices();
    proto = ToProto(device);
    const auto usage = inventory_.Usage(device);
    if (usage.ok()) {
      proto.set_memory_used_bytes(usage->memory_used_bytes);
      proto.set_utilization_percent(usage->utilization_percent);
    }
    const auto holder = holders.find(device.name);
    if (holder == holders.end()) continue;
    proto.set_job(MaySee(caller, holder->second) ? holder->second.name : "(another user)");
  }
  return response;
}

}  // namespace kur::server
