#include "server/jobs/run_time.h"

#include <algorithm>

namespace kur::server {

void MarkStarted(const JobEnvironment& environment, JobRecord* job) {
  if (job->started_at.has_value()) return;
  job->started_at = environment.now();
  job->history.set_boot_id(environment.boot_id);
  job->history.set_started_uptime_micros(absl::ToInt64Microseconds(environment.uptime()));
}

void MarkFinished(const JobEnvironment& environment, JobRecord* job) {
  job->history.set_elapsed_micros(absl::ToInt64Microseconds(ElapsedTime(environment, *job)));
  job->finished_at = environment.now();
}

absl::Duration ElapsedTime(const JobEnvironment& environment, const JobRecord& job) {
  if (!job.started_at.has_value()) return absl::ZeroDuration();
  if (job.history.boot_id() == environment.boot_id) {
    return environment.uptime() - absl::Microseconds(job.history.started_uptime_micros());
  }
  return std::max(absl::ZeroDuration(), environment.now() - *job.started_at);
}

}  // namespace kur::server
