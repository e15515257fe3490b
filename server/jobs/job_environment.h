#ifndef KUR_SERVER_JOBS_JOB_ENVIRONMENT_H_
#define KUR_SERVER_JOBS_JOB_ENVIRONMENT_H_

#include <functional>
#include <string>

#include "absl/time/time.h"
#include "engine/base/clock.h"
#include "engine/base/file_system.h"
#include "server/blobs/blob_store.h"
#include "server/devices/device_inventory.h"
#include "server/events/event_dispatcher.h"
#include "server/jobs/worker_watch.h"
#include "server/launcher/launcher.h"
#include "server/launcher/process.h"
#include "server/metrics/metrics.h"
#include "server/net/user_quota.h"
#include "server/protocol/state_layout.h"
#include "server/scheduler/scheduling_policy.h"
#include "server/secrets/secret_vault.h"
#include "server/store/job_store.h"
#include "server/store/state_database.h"
#include "server/submission/data_policy.h"
#include "server/submission/kurfile_evaluator.h"

namespace kur::server {

// How soon to try again what a full disk, or another error that may pass, has prevented.
constexpr absl::Duration kRetryAfter = absl::Seconds(5);

// What the job manager and its jobs work with. Everything must outlive them and is thread-safe;
// every pointer must be set.
struct JobEnvironment {
  FileSystem* files = &FileSystem::Posix();
  const StateLayout* layout = nullptr;
  StateDatabase* database = nullptr;
  JobStore* store = nullptr;
  BlobStore* blobs = nullptr;
  SecretVault* secrets = nullptr;
  KurfileEvaluator* evaluator = nullptr;
  Launcher* launcher = nullptr;
  DeviceInventory* inventory = nullptr;
  const SchedulingPolicy* policy = nullptr;
  EventDispatcher* dispatcher = nullptr;
  Metrics* metrics = nullptr;
  DataPolicy data;
  // How long a worker that was told to end may take before it is sent SIGTERM: long enough to write
  // its last weights.
  absl::Duration cancel_grace = absl::Seconds(30);
  // How long it may take after that before it is sent SIGKILL.
  absl::Duration terminate_grace = absl::Seconds(10);
  // How long a worker may be silent.
  WatchLimits watch;
  // How often a job is started again after its worker was killed, unless the submission says.
  int max_restarts = kDefaultMaxRestarts;
  // How many bytes of events a job may have before only the most important are kept; 0: any.
  int64_t event_bytes = 0;
  // How many bytes the frozen submissions of jobs that have not ended may take in memory.
  UserQuota::Limits job_bytes = {/*total=*/int64_t{1} << 30, /*per_user=*/int64_t{128} << 20};
  // The time of day, for people; tests set it.
  std::function<absl::Time()> now = TimeOfDay;
  // Uptime(), for deadlines; tests set it.
  std::function<absl::Duration()> uptime = Uptime;
  // Names the start of the machine that `uptime` counts from.
  std::string boot_id = ReadBootId().value_or("");
};

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_JOB_ENVIRONMENT_H_
