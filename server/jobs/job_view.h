#ifndef KUR_SERVER_JOBS_JOB_VIEW_H_
#define KUR_SERVER_JOBS_JOB_VIEW_H_

#include <google/protobuf/timestamp.pb.h>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "engine/kurfile/kurfile.h"
#include "kur/v1/job.pb.h"
#include "server/scheduler/scheduling_policy.h"
#include "server/store/job_store.h"

namespace kur::server {

google::protobuf::Timestamp ToTimestamp(absl::Time time);

// The job as its owner sees it.
v1::Job ToJob(const JobRecord& record);

// The job as the scheduling policy sees it.
SchedulableJob ToSchedulable(const JobRecord& record);

// MODE_UNSPECIFIED is train, as a submission reads it.
Mode ToMode(v1::Mode mode);

FrozenJob::Devices ToFrozen(const DeviceRequest& request);

// "queued", "running", ...
absl::string_view StateName(v1::JobState state);

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_JOB_VIEW_H_
