#ifndef KUR_CLIENT_SUBMITTER_H_
#define KUR_CLIENT_SUBMITTER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/context.h"
#include "client/submission.h"

namespace kur::client {

// A job, and the connection over which it was submitted.
struct SubmittedJob {
  std::unique_ptr<Connection> connection;
  v1::Job job;
};

// Reads the Kurfile, shows its warnings, uploads what the server lacks and submits; however often
// the request has to be sent, it makes one job. Without a project in `options` the user's settings
// count. Errors of the Kurfile come before any of the connection and carry diagnostics (see
// DiagnosticsOf()). With `validate_only` everything is checked and uploaded, but no job is made.
absl::StatusOr<SubmittedJob> SubmitKurfile(Context& context, SubmissionOptions options,
                                           bool validate_only);

}  // namespace kur::client

#endif  // KUR_CLIENT_SUBMITTER_H_
