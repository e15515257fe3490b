#ifndef KUR_SERVER_API_ADMISSION_H_
#define KUR_SERVER_API_ADMISSION_H_

#include <grpcpp/server_context.h>

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/auth/access_policy.h"
#include "server/auth/authenticator.h"

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
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_ADMISSION_H_
