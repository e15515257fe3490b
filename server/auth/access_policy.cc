#include "server/auth/access_policy.h"

#include "absl/strings/str_cat.h"
#include "engine/base/utf8.h"

namespace kur::server {
namespace {

bool OnlyLooks(Action action) {
  switch (action) {
    case Action::kViewServer:
    case Action::kViewJob:
    case Action::kReadJob:
      return true;
    case Action::kUploadBlobs:
    case Action::kSubmitJob:
    case Action::kControlJob:
    case Action::kManageSecrets:
      break;
  }
  return false;
}

}  // namespace

bool IsPublic(absl::string_view method) { return method == "/grpc.health.v1.Health/Check"; }

absl::Status CheckAccess(const Caller& caller, Action action) {
  if (caller.role != Role::kViewer || OnlyLooks(action)) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat("user '", caller.user, "' may only look; ask the operator for more"));
}

bool MaySee(const Caller& caller, const JobIdentity& job) {
  return caller.role == Role::kAdmin || job.owner == caller.user;
}

absl::Status NoSuchJob(absl::string_view name) {
  return absl::NotFoundError(absl::StrCat("there is no job '", CharacterPrefix(name, 100), "'"));
}

absl::Status CheckAccess(const Caller& caller, Action action, const JobIdentity& job) {
  return MaySee(caller, job) ? CheckAccess(caller, action) : NoSuchJob(job.name);
}

}  // namespace kur::server
