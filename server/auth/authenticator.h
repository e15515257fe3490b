#ifndef KUR_SERVER_AUTH_AUTHENTICATOR_H_
#define KUR_SERVER_AUTH_AUTHENTICATOR_H_

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/server_context.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/weak_list.h"
#include "server/auth/access_policy.h"
#include "server/auth/token_file.h"

namespace kur::server {

// Someone who wants to know when callers may have ceased to be who they were. Implementations are
// thread-safe.
class TokenListener {
 public:
  virtual ~TokenListener() = default;
  // Called after tokens were replaced, without a lock held.
  virtual void OnTokensReplaced() = 0;
};

// Identifies the caller of an RPC by the bearer token in the metadata key `authorization`: its
// user, over TCP and over a UNIX socket. Over a UNIX socket a cookie (see OpenCookie()) is the
// token of the account that runs kurd. That a caller has the right account is not enough: workers
// have it too. Without a token file, which only a loopback address allows, a caller over TCP is the
// account that runs kurd. Thread-safe.
class Authenticator {
 public:
  // `tokens`: nothing if no token file is configured. `cookies`: those of the UNIX sockets.
  explicit Authenticator(std::optional<TokenFile> tokens, std::vector<std::string> cookies = {});

  // Returns who makes this very call; UNAUTHENTICATED if it cannot be told.
  absl::StatusOr<Caller> Identify(const grpc::CallbackServerContext& context) const;

  // Returns OK if the call is still made by `caller`, as whom it was identified when it began;
  // UNAUTHENTICATED if its token was revoked since, or belongs to somebody else.
  absl::Status Confirm(const Caller& caller, const grpc::CallbackServerContext& context) const;

  // Returns the user of a value of the metadata key `authorization`, or UNAUTHENTICATED.
  absl::StatusOr<std::string> UserOfHeader(absl::string_view authorization) const;

  // Replaces the tokens for all later calls, also those on existing connections, and tells the
  // listeners.
  void ReplaceTokens(TokenFile tokens);

  // Has the listener told, as long as it exists, whenever tokens were replaced.
  void AddListener(std::weak_ptr<TokenListener> listener) const {
    listeners_.Add(std::move(listener));
  }

  bool has_tokens() const;

  // Creates a processor that refuses every call without a valid token before any handler runs, but
  // for public methods; for the credentials of a TCP listener. The authenticator must outlive the
  // server.
  std::shared_ptr<grpc::AuthMetadataProcessor> MakeProcessor() const;

  // Returns the name of the account that runs this process.
  static std::string LocalUser();

 private:
  absl::StatusOr<std::string> UserOverUnixSocket(absl::string_view authorization) const;

  const std::string local_user_;
  const std::vector<std::string> cookies_;
  mutable absl::Mutex mutex_;
  std::optional<TokenFile> tokens_ ABSL_GUARDED_BY(mutex_);
  mutable WeakList<TokenListener> listeners_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_AUTH_AUTHENTICATOR_H_
