#ifndef KUR_SERVER_JOBS_JOB_VIEW_H_
#define KUR_SERVER_JOBS_JOB_VIEW_H_

#include "kur/v1/job.pb.h"
#include "server/scheduler/scheduling_policy.h"
#include "server/store/job_store.h"

namespace kur::server {

// The job as its owner sees it.
v1::Job ToJob(const JobRecord& record);

// The job as the scheduling policy sees it.
SchedulableJob ToSchedulable(const JobRecord& record);

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_JOB_VIEW_H_
