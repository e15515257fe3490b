#ifndef KUR_SERVER_AUTH_AUTHENTICATOR_H_
#define KUR_SERVER_AUTH_AUTHENTICATOR_H_

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/server_context.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/auth/access_policy.h"
#include "server/auth/token_file.h"

namespace kur::server {

// Tells who calls. Over a UNIX socket (which only its owner can open) it is the account that runs
// kurd; over TCP it is the user of the bearer token in the metadata key `authorization`. Without a
// token file a loopback connection counts as the account that runs kurd, too. Thread-safe.
class Authenticator {
 public:
  // `tokens`: none when no token file is configured.
  explicit Authenticator(std::optional<TokenFile> tokens);

  // Returns who makes this very call; UNAUTHENTICATED if it cannot be told.
  absl::StatusOr<Caller> Identify(const grpc::CallbackServerContext& context) const;

  // The user of the value of the metadata key `authorization`.
  absl::StatusOr<std::string> UserOfHeader(absl::string_view authorization) const;

  // From now on only these tokens count, also for connections that exist.
  void ReplaceTokens(TokenFile tokens);

  bool has_tokens() const;

  // Refuses every call without a valid token, whatever its service, before any handler sees it. For
  // the credentials of a TCP listener; the authenticator must outlive the server.
  std::shared_ptr<grpc::AuthMetadataProcessor> MakeProcessor() const;

  // The account that runs this process, as a user's name.
  static std::string LocalUser();

 private:
  const std::string local_user_;
  mutable absl::Mutex mutex_;
  std::optional<TokenFile> tokens_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kur::server

#endif  // KUR_SERVER_AUTH_AUTHENTICATOR_H_
