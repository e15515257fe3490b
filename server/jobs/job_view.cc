#include "server/jobs/job_view.h"

#include <utility>

#include "server/protocol/conversions.h"

namespace kur::server {

v1::Job ToJob(const JobRecord& record) {
  v1::Job job;
  job.set_name(record.name);
  job.set_owner(record.owner);
  job.set_project(record.project);
  job.set_mode(record.frozen.mode());
  job.set_state(record.state);
  job.set_reason(record.reason);
  job.set_kurfile(record.frozen.kurfile());
  *job.mutable_submitted_at() = ToTimestamp(record.submitted_at);
  if (record.started_at.has_value()) *job.mutable_started_at() = ToTimestamp(*record.started_at);
  if (record.finished_at.has_value()) *job.mutable_finished_at() = ToTimestamp(*record.finished_at);
  if (record.started_at.has_value() && record.history.has_elapsed_micros()) {
    *job.mutable_elapsed() = ToDuration(absl::Microseconds(record.history.elapsed_micros()));
  }
  for (const std::string& device : record.devices) job.add_devices(device);
  job.set_attempts(record.attempts);
  job.set_seed(record.frozen.seed());
  if (record.progress.has_value()) *job.mutable_progress() = *record.progress;
  *job.mutable_overrides() = record.frozen.overrides();
  *job.mutable_inputs() = record.frozen.inputs();
  *job.mutable_secrets() = record.frozen.secrets();
  job.set_restarts(record.history.restarts());
  job.set_max_restarts(MaxRestarts(record));
  return job;
}

int MaxRestarts(const JobRecord& record) {
  return record.frozen.has_max_restarts() ? record.frozen.max_restarts() : kDefaultMaxRestarts;
}

SchedulableJob ToSchedulable(const JobRecord& record) {
  SchedulableJob job;
  job.name = record.name;
  job.owner = record.owner;
  job.project = record.project;
  job.request = ToDeviceRequest(record.frozen.devices());
  job.writes.assign(record.frozen.writes().begin(), record.frozen.writes().end());
  return job;
}

void JobView::Set(const JobRecord& record, bool is_settled) {
  auto copy = std::make_shared<const JobRecord>(record);
  absl::MutexLock lock(&mutex_);
  record_ = std::move(copy);
  is_settled_ = is_settled;
}

void JobView::SetProgress(const std::optional<v1::Progress>& progress) {
  absl::MutexLock lock(&mutex_);
  progress_ = progress;
}

void JobView::SetWorkerNote(const std::string& note) {
  absl::MutexLock lock(&mutex_);
  worker_note_ = note;
}

std::string JobView::worker_note() const {
  absl::MutexLock lock(&mutex_);
  return worker_note_;
}

std::shared_ptr<const JobRecord> JobView::record() const {
  absl::MutexLock lock(&mutex_);
  return record_;
}

std::optional<v1::Progress> JobView::progress() const {
  absl::MutexLock lock(&mutex_);
  return progress_;
}

bool JobView::is_settled() const {
  absl::MutexLock lock(&mutex_);
  return is_settled_;
}

}  // namespace kur::server
