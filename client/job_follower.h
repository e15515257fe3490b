#ifndef KUR_CLIENT_JOB_FOLLOWER_H_
#define KUR_CLIENT_JOB_FOLLOWER_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/context.h"
#include "client/exit_code.h"

namespace kur::client {

struct FollowOptions {
  std::string job;  // the full name
  // The folder to which the files that the job writes are downloaded. Empty: nothing is downloaded.
  std::string fetch_folder;
};

// Shows the events of a job on context.out until the job has ended: a line for each and, on a
// terminal, progress bars. Returns the exit code for the final state of the job, or kInterrupted
// after Ctrl-C, which does not affect the job.
absl::StatusOr<ExitCode> FollowJob(Context& context, Connection& connection,
                                   const FollowOptions& options);

}  // namespace kur::client

#endif  // KUR_CLIENT_JOB_FOLLOWER_H_
