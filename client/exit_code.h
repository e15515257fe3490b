#ifndef KUR_CLIENT_EXIT_CODE_H_
#define KUR_CLIENT_EXIT_CODE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "kur/v1/job.pb.h"

namespace kur::client {

// How kurctl ends, for scripts. The numbers are part of the command line's contract.
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

// How a command that ends with a job ends: by the job's state.
ExitCode ExitCodeOf(v1::JobState state);

// How a command ends that failed with `status`. Only what a server (or the lack of one) said counts
// as unreachable or not allowed: a local file that may not be read is a plain error.
ExitCode ExitCodeOf(const absl::Status& status);

// The command line makes no sense.
absl::Status UsageError(absl::string_view message);

// No server answers.
absl::Status UnreachableError(absl::string_view message);

// Marks `status` as something that a server said.
absl::Status MarkAsServerError(absl::Status status);

}  // namespace kur::client

#endif  // KUR_CLIENT_EXIT_CODE_H_
