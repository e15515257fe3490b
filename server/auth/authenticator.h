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

// Identifies the caller of an RPC. Over a UNIX socket, which only its owner can open, the caller is
// the account that runs kurd. Over TCP the caller is the user of the bearer token in the metadata
// key `authorization`; without a token file, which only a loopback address allows, the account that
// runs kurd. Thread-safe.
class Authenticator {
 public:
  // `tokens`: nothing if no token file is configured.
  explicit Authenticator(std::optional<TokenFile> tokens);

  // Returns who makes this very call; UNAUTHENTICATED if it cannot be told.
  absl::StatusOr<Caller> Identify(const grpc::CallbackServerContext& context) const;

  // Returns the user of a value of the metadata key `authorization`, or UNAUTHENTICATED.
  absl::StatusOr<std::string> UserOfHeader(absl::string_view authorization) const;

  // Replaces the tokens for all later calls, also those on existing connections.
  void ReplaceTokens(TokenFile tokens);

  bool has_tokens() const;

  // Creates a processor that refuses every call without a valid token before any handler runs, but
  // for public methods; for the credentials of a TCP listener. The authenticator must outlive the
  // server.
  std::shared_ptr<grpc::AuthMetadataProcessor> MakeProcessor() const;

  // Returns the name of the account that runs this process.
  static std::string LocalUser();

 private:
  const std::string local_user_;
  mutable absl::Mutex mutex_;
  std::optional<TokenFile> tokens_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kur::server

#endif  // KUR_SERVER_AUTH_AUTHENTICATOR_H_
