#ifndef KUR_SERVER_API_SYSTEM_SERVICE_H_
#define KUR_SERVER_API_SYSTEM_SERVICE_H_

#include <string>

#include "absl/time/time.h"
#include "kur/v1/kur.grpc.pb.h"
#include "server/auth/authenticator.h"
#include "server/devices/device_inventory.h"
#include "server/jobs/job_manager.h"

namespace kur::server {

// kur.v1.System. Thread-safe.
class SystemService final : public v1::System::CallbackService {
 public:
  // `jobs`, `inventory` and `authenticator` must outlive the server.
  SystemService(JobManager& jobs, const DeviceInventory& inventory,
                const Authenticator& authenticator, std::string version,
                std::string state_directory);

  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                          const v1::GetServerInfoRequest* request,
                                          v1::ServerInfo* response) override;
  grpc::ServerUnaryReactor* ListDevices(grpc::CallbackServerContext* context,
                                        const v1::ListDevicesRequest* request,
                                        v1::ListDevicesResponse* response) override;

 private:
  v1::ListDevicesResponse Devices(const Caller& caller) const;

  JobManager& jobs_;
  const DeviceInventory& inventory_;
  const Authenticator& authenticator_;
  const std::string version_;
  const std::string state_directory_;
  const absl::Time started_at_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_SYSTEM_SERVICE_H_
