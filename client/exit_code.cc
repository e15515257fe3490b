#include "client/exit_code.h"

#include <utility>

#include "absl/strings/cord.h"
#include "server/protocol/job_state.h"

namespace kur::client {
namespace {

constexpr char kUsagePayload[] = "kurctl/usage";
constexpr char kServerPayload[] = "kurctl/server";

}  // namespace

ExitCode ExitCodeOf(v1::JobState state) {
  if (HasFailed(state)) return ExitCode::kJobFailed;
  return WasCancelled(state) ? ExitCode::kJobCancelled : ExitCode::kOk;
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return ExitCode::kOk;
  if (status.GetPayload(kUsagePayload).has_value()) return ExitCode::kUsage;
  if (!status.GetPayload(kServerPayload).has_value()) return ExitCode::kError;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return ExitCode::kUnreachable;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return ExitCode::kNotAllowed;
    default:
      return ExitCode::kError;
  }
}

absl::Status UsageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsagePayload, absl::Cord());
  return status;
}

absl::Status UnreachableError(absl::string_view message) {
  return MarkAsServerError(absl::UnavailableError(message));
}

absl::Status MarkAsServerError(absl::Status status) {
  status.SetPayload(kServerPayload, absl::Cord());
  return status;
}

}  // namespace kur::client
