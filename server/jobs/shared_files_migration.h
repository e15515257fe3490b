#ifndef KUR_SERVER_JOBS_SHARED_FILES_MIGRATION_H_
#define KUR_SERVER_JOBS_SHARED_FILES_MIGRATION_H_

#include "absl/status/status.h"
#include "server/jobs/job_environment.h"

namespace kur::server {

// Gives each user what is his of the uploads and downloads that earlier versions kept for all users
// together, and removes these:
// - A content in blobs/sha256/ is linked to every user of whose jobs one names it. One that no job
//   names is removed: its user, whoever it was, uploads it again. So are unfinished uploads.
// - What lies in downloads/ itself is removed: whose it is cannot be told, and every job has a
// copy. What a worker uses that an earlier version has started stays for it until a later start.
//
// To be called before jobs are recovered. May be interrupted at any instant and repeated: the
// users' links are durable before anything is removed.
absl::Status MigrateSharedFiles(const JobEnvironment& environment);

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_SHARED_FILES_MIGRATION_H_
