#ifndef KUR_CLIENT_EXIT_CODE_H_
#define KUR_CLIENT_EXIT_CODE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "kur/v1/job.pb.h"

namespace kur::client {

// The exit code of kurctl. Scripts rely on the numbers: they never change.
enum class ExitCode : int {
  kOk = 0,
  kError = 1,
  kUsage = 2,
  kJobFailed = 3,
  kJobCancelled = 4,
  kUnreachable = 5,
  kNotAllowed = 6,
  kInterrupted = 130,  // as a shell reports SIGINT
};

// Returns the exit code of a command that waits for a job to end in `state`.
ExitCode ExitCodeOf(v1::JobState state);

// Returns the exit code of a command that failed with `status`. Only a status that is marked as the
// server's yields kUnreachable or kNotAllowed: a local file that may not be read is a plain error.
ExitCode ExitCodeOf(const absl::Status& status);

// Returns an error of the command line: INVALID_ARGUMENT, for which ExitCodeOf() returns kUsage.
absl::Status UsageError(absl::string_view message);

// Returns UNAVAILABLE, marked as the server's: no server answers.
absl::Status UnreachableError(absl::string_view message);

// Returns `status` marked as the answer of a server.
absl::Status MarkAsServerError(absl::Status status);

}  // namespace kur::client

#endif  // KUR_CLIENT_EXIT_CODE_H_
