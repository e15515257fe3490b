#ifndef KUR_CLIENT_OUTPUT_JOB_VIEW_H_
#define KUR_CLIENT_OUTPUT_JOB_VIEW_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/output/terminal.h"
#include "kur/v1/job.pb.h"

namespace kur::client {

// Renders a table of jobs; `wide` adds speed, owner, devices and reason.
std::string RenderJobTable(const std::vector<v1::Job>& jobs, bool wide, absl::Time now,
                           const Terminal& terminal);

// Renders everything about one job on several lines.
std::string RenderJob(const v1::Job& job, const std::vector<v1::Artifact>& artifacts,
                      absl::Time now, absl::TimeZone zone, const Terminal& terminal);

// Renders a table of the files of a job; `wide` adds batches and digests.
std::string RenderArtifactTable(const std::vector<v1::Artifact>& artifacts, bool wide,
                                absl::Time now, const Terminal& terminal);

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_JOB_VIEW_H_
