#ifndef KUR_SERVER_JOBS_JOB_ENVIRONMENT_H_
#define KUR_SERVER_JOBS_JOB_ENVIRONMENT_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "engine/base/file_system.h"
#include "server/blobs/blob_store.h"
#include "server/devices/device_inventory.h"
#include "server/events/event_dispatcher.h"
#include "server/launcher/launcher.h"
#include "server/metrics/metrics.h"
#include "server/protocol/state_layout.h"
#include "server/store/job_store.h"
#include "server/submission/data_policy.h"

namespace kur::server {

// What all live jobs use. Everything outlives them; everything is thread-safe.
struct JobEnvironment {
  FileSystem& files;
  const StateLayout& layout;
  JobStore& store;
  BlobStore& blobs;
  Launcher& launcher;
  EventDispatcher& dispatcher;
  Metrics& metrics;
  const std::vector<Device>& devices;
  DataPolicy data;
  // How long a worker may take to end after it was told to, before it is sent SIGTERM; and after
  // that, before SIGKILL.
  absl::Duration cancel_grace = absl::Seconds(30);
  absl::Duration terminate_grace = absl::Seconds(10);
  std::function<absl::Time()> now;
  // Called, with no lock held, when something has changed that scheduling depends on.
  std::function<void()> on_change;
};

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_JOB_ENVIRONMENT_H_
