#ifndef KUR_SERVER_DAEMON_DAEMON_H_
#define KUR_SERVER_DAEMON_DAEMON_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/file_system.h"
#include "server/api/blobs_service.h"
#include "server/api/call_limits.h"
#include "server/api/grpc_server.h"
#include "server/api/jobs_service.h"
#include "server/api/secrets_service.h"
#include "server/api/system_service.h"
#include "server/api/worker_service.h"
#include "server/daemon/options.h"
#include "server/daemon/state_directory.h"
#include "server/daemon/watchdog.h"
#include "server/launcher/worker_groups.h"
#include "server/net/task_pool.h"

namespace kur::server {

// The whole daemon. Builds all parts in the order of their dependencies and destroys them in
// reverse. Not thread-safe.
class Daemon {
 public:
  // Starts the daemon and returns once clients and workers can connect. Checks the options before
  // anything is created. Returns FAILED_PRECONDITION if another kurd holds the state directory.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const DaemonOptions& options);

  // Calls Stop() and releases the state directory.
  ~Daemon();

  // Returns the addresses that clients connect to, with the ports that the kernel has chosen.
  const std::vector<std::string>& addresses() const { return clients_->addresses(); }

  // Reads both token files again. Keeps all current tokens if one cannot be read.
  absl::Status ReloadTokens();

  // Reads the certificate and its key again, for new connections. Keeps the current ones if that
  // fails.
  absl::Status ReloadCertificate();

  // Stops serving: ends every call within about a second. Workers continue.
  void Stop();

 private:
  Daemon(DaemonOptions options, StateDirectory state, std::unique_ptr<Authenticator> authenticator,
         std::unique_ptr<Authenticator> metrics_authenticator);

  absl::Status OpenState(DataPolicy data, const SecretsKey& key);
  absl::Status Listen(const std::vector<ListenAddress>& addresses, std::optional<TlsFiles> tls);
  absl::Status ServeMetrics(ListenAddress address, const std::optional<TlsFiles>& tls);
  absl::Status CheckServing();
  std::vector<Metrics::Sample> Sample() const;

  const DaemonOptions options_;
  StateDirectory state_;
  std::unique_ptr<FileSystem> files_;
  std::unique_ptr<Authenticator> authenticator_;
  // Of who reads metrics, and nothing else.
  std::unique_ptr<Authenticator> metrics_authenticator_;
  Metrics metrics_;
  std::unique_ptr<DeviceInventory> inventory_;
  std::unique_ptr<SchedulingPolicy> policy_;
  std::unique_ptr<StateDatabase> database_;
  std::unique_ptr<JobStore> store_;
  std::unique_ptr<SecretStore> secret_store_;
  std::unique_ptr<SecretVault> secrets_;
  std::unique_ptr<BlobStore> blobs_;
  EventDispatcher dispatcher_;
  std::unique_ptr<WorkerGroups> groups_;  // null: workers have no control groups
  std::unique_ptr<KurfileEvaluator> evaluator_;
  std::unique_ptr<Launcher> launcher_;
  std::unique_ptr<JobManager> jobs_;
  CallLimits call_limits_;
  // Pools of their own, so that neither verifying large uploads nor reading long logs of events
  // delays submissions.
  std::unique_ptr<TaskPool> submission_pool_;
  std::unique_ptr<TaskPool> upload_pool_;
  std::unique_ptr<TaskPool> watch_pool_;
  std::unique_ptr<JobsService> jobs_service_;
  std::unique_ptr<BlobsService> blobs_service_;
  std::unique_ptr<SecretsService> secrets_service_;
  std::unique_ptr<SystemService> system_service_;
  std::unique_ptr<WorkerService> worker_service_;
  std::unique_ptr<GrpcServer> workers_;
  std::unique_ptr<GrpcServer> clients_;
  std::unique_ptr<Watchdog> watchdog_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_DAEMON_DAEMON_H_
