#include "server/jobs/blob_sweep.h"

#include <spdlog/spdlog.h>

#include "engine/base/status.h"

namespace kur::server {

absl::Status MarkNamedBlobs(const JobEnvironment& environment) {
  return environment.store->ForEach([&environment](const JobRecord& job) {
    for (const v1::Input& input : job.frozen.inputs()) {
      environment.blobs->MarkNamed(job.owner, input.sha256());
    }
  });
}

absl::Status SweepBlobs(const JobEnvironment& environment) {
  BlobStore& blobs = *environment.blobs;
  absl::Status failure = blobs.RemoveExpiredParts();
  if (blobs.Expired().empty()) return failure;
  // What is removed is gone: the jobs are asked once more.
  KUR_RETURN_IF_ERROR(MarkNamedBlobs(environment));
  for (const BlobName& name : blobs.Expired()) {
    const absl::Status removed = blobs.RemoveExpired(name);
    failure.Update(removed);
    if (removed.ok()) {
      spdlog::info("an upload of {} is removed, as no job has come to name it", name.owner);
    }
  }
  return failure;
}

}  // namespace kur::server
