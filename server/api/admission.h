#ifndef KUR_SERVER_API_ADMISSION_H_
#define KUR_SERVER_API_ADMISSION_H_

#include <grpcpp/server_context.h>

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/api/call_limits.h"
#include "server/auth/access_policy.h"
#include "server/auth/authenticator.h"
#include "server/net/user_quota.h"

namespace kur::server {

// Who makes a call that goes on for a while, and whether he still does: tokens are revoked
// meanwhile. A stream asks before each message, and when it is told that tokens were replaced.
// Valid as long as the call; thread-safe.
class Admission {
 public:
  // Admits the caller if the access policy lets him do `action` at all. Both references must
  // outlive the admission.
  static absl::StatusOr<Admission> Admit(const grpc::CallbackServerContext& context,
                                         const Authenticator& authenticator, Action action) {
    auto caller = authenticator.Identify(context);
    if (!caller.ok()) return caller.status();
    absl::Status allowed = CheckAccess(*caller, action);
    if (!allowed.ok()) return allowed;
    return Admission(context, authenticator, *std::move(caller));
  }

  // As Admit(), for a stream that has `files` open; they count until the last copy of the admission
  // is destroyed. RESOURCE_EXHAUSTED if the caller has too many.
  static absl::StatusOr<Admission> AdmitStream(const grpc::CallbackServerContext& context,
                                               const Authenticator& authenticator, Action action,
                                               CallLimits& limits, int files) {
    auto admission = Admit(context, authenticator, action);
    if (!admission.ok()) return admission;
    auto share = limits.TakeStream(admission->caller(), files);
    if (!share.ok()) return share.status();
    admission->share_ = *std::move(share);
    return admission;
  }

  const Caller& caller() const { return caller_; }

  // Has the listener told when the caller may have ceased to be who he was.
  void Tell(std::weak_ptr<TokenListener> listener) const {
    authenticator_->AddListener(std::move(listener));
  }

  // Returns OK, or UNAUTHENTICATED if the call is not the caller's any more.
  absl::Status Confirm() const { return authenticator_->Confirm(caller_, *context_); }

 private:
  Admission(const grpc::CallbackServerContext& context, const Authenticator& authenticator,
            Caller caller)
      : context_(&context), authenticator_(&authenticator), caller_(std::move(caller)) {}

  const grpc::CallbackServerContext* context_;
  const Authenticator* authenticator_;
  Caller caller_;
  UserQuota::Share share_;  // null but for a stream
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_ADMISSION_H_
