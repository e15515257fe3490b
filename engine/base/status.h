#ifndef KUR_ENGINE_BASE_STATUS_H_
#define KUR_ENGINE_BASE_STATUS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur {

// Returns `status` with "context: " before its message, keeping code and payloads. OK stays OK.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

// Returns the status of a failed system call, with the message "context: strerror(error)". The code
// is one that a caller can act on: ENOENT is NOT_FOUND, ENOSPC and EDQUOT are RESOURCE_EXHAUSTED,
// EACCES and EPERM are PERMISSION_DENIED, anything unforeseen is UNKNOWN.
absl::Status ErrnoToStatus(int error, absl::string_view context);

}  // namespace kur

// Returns from the enclosing function with the status of `expression` if that is not OK.
#define KUR_RETURN_IF_ERROR(expression)        \
  do {                                         \
    ::absl::Status kur_status_ = (expression); \
    if (!kur_status_.ok()) return kur_status_; \
  } while (false)

#define KUR_STATUS_CONCAT_INNER_(a, b) a##b
#define KUR_STATUS_CONCAT_(a, b) KUR_STATUS_CONCAT_INNER_(a, b)

// Assigns the value of a StatusOr to `lhs`, which may declare a variable, or returns its status.
#define KUR_ASSIGN_OR_RETURN(lhs, expression) \
  KUR_ASSIGN_OR_RETURN_IMPL_(KUR_STATUS_CONCAT_(kur_statusor_, __LINE__), lhs, expression)
// NOLINTBEGIN(bugprone-macro-parentheses): the names are declared here.
#define KUR_ASSIGN_OR_RETURN_IMPL_(statusor, lhs, expression) \
  auto statusor = (expression);                               \
  if (!statusor.ok()) return statusor.status();               \
  lhs = *std::move(statusor)
// NOLINTEND(bugprone-macro-parentheses)

#endif  // KUR_ENGINE_BASE_STATUS_H_
