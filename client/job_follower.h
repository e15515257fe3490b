#ifndef KUR_CLIENT_JOB_FOLLOWER_H_
#define KUR_CLIENT_JOB_FOLLOWER_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/context.h"
#include "client/exit_code.h"

namespace kur::client {

struct FollowOptions {
  std::string job;    // its full name
  std::string fetch;  // keep this folder up to date with what the job writes; empty: do not
};

// Shows a job on context.out until it has ended: lines for what happens and, on a terminal, bars
// for what is going on. Ends as the job ends; Ctrl-C ends only the watching.
absl::StatusOr<ExitCode> FollowJob(Context& context, Connection& connection,
                                   const FollowOptions& options);

}  // namespace kur::client

#endif  // KUR_CLIENT_JOB_FOLLOWER_H_
