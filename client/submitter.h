#ifndef KUR_CLIENT_SUBMITTER_H_
#define KUR_CLIENT_SUBMITTER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/context.h"
#include "client/submission.h"

namespace kur::client {

// A job and the connection over which it was submitted.
struct SubmittedJob {
  std::unique_ptr<Connection> connection;
  v1::Job job;
};

// Reads the Kurfile, prints its warnings, uploads the files that the server lacks, and submits the
// job. Repeats a lost request without creating a second job. Uses the project of the user's
// settings if `options` names none. With `validate_only` the server checks everything but accepts
// no job. Errors of the Kurfile come before those of the connection and carry diagnostics (see
// DiagnosticsOf()).
absl::StatusOr<SubmittedJob> SubmitKurfile(Context& context, SubmissionOptions options,
                                           bool validate_only);

}  // namespace kur::client

#endif  // KUR_CLIENT_SUBMITTER_H_
