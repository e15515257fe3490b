#include "server/auth/authenticator.h"

#include <openssl/crypto.h>
#include <pwd.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

constexpr char kHeader[] = "authorization";
constexpr absl::string_view kScheme = "Bearer ";

template <class Metadata>
absl::string_view AuthorizationOf(const Metadata& metadata) {
  const auto entry = metadata.find(kHeader);
  if (entry == metadata.end()) return "";
  return absl::string_view(entry->second.data(), entry->second.size());
}

class TokenProcessor : public grpc::AuthMetadataProcessor {
 public:
  explicit TokenProcessor(const Authenticator& authenticator) : authenticator_(authenticator) {}

  bool IsBlocking() const override { return false; }

  // Writes nothing to the context, which belongs to the connection: the calls of a connection may
  // have different tokens. Handlers ask the authenticator for the user of their call.
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext*, OutputMetadata*,
                       OutputMetadata*) override {
    const auto user = authenticator_.UserOfHeader(AuthorizationOf(metadata));
    if (user.ok()) return grpc::Status::OK;
    return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, std::string(user.status().message()));
  }

 private:
  const Authenticator& authenticator_;
};

}  // namespace

Authenticator::Authenticator(std::optional<TokenFile> tokens, std::vector<std::string> cookies)
    : local_user_(LocalUser()), cookies_(std::move(cookies)), tokens_(std::move(tokens)) {}

absl::StatusOr<Caller> Authenticator::Identify(const grpc::CallbackServerContext& context) const {
  const absl::string_view authorization = AuthorizationOf(context.client_metadata());
  Caller caller;
  caller.user = local_user_;
  if (absl::StartsWith(context.peer(), "unix:")) {
    KUR_ASSIGN_OR_RETURN(caller.user, UserOverUnixSocket(authorization));
  } else if (has_tokens()) {
    KUR_ASSIGN_OR_RETURN(caller.user, UserOfHeader(authorization));
  }
  return caller;
}

absl::StatusOr<std::string> Authenticator::UserOverUnixSocket(
    absl::string_view authorization) const {
  if (absl::StartsWithIgnoreCase(authorization, kScheme)) {
    const absl::string_view token = authorization.substr(kScheme.size());
    for (const std::string& cookie : cookies_) {
      if (token.size() == cookie.size() &&
          CRYPTO_memcmp(token.data(), cookie.data(), cookie.size()) == 0) {
        return local_user_;
      }
    }
    if (has_tokens()) return UserOfHeader(authorization);
  }
  return absl::UnauthenticatedError(
      "this socket needs a user's token, or its cookie: the content of the file beside it whose "
      "name ends with '.cookie', which only the account that runs kurd can read; send it as "
      "'authorization: Bearer COOKIE', as kurctl does by itself");
}

absl::StatusOr<std::string> Authenticator::UserOfHeader(absl::string_view authorization) const {
  if (authorization.empty()) {
    return absl::UnauthenticatedError(
        "this server needs a token; ask its operator for one and send it as 'authorization: Bearer "
        "TOKEN'");
  }
  if (!absl::StartsWithIgnoreCase(authorization, kScheme)) {
    return absl::UnauthenticatedError("the authorization metadata must be 'Bearer TOKEN'");
  }
  const absl::string_view token = authorization.substr(kScheme.size());
  absl::MutexLock lock(&mutex_);
  if (tokens_.has_value()) {
    if (auto user = tokens_->UserOf(token)) return *std::move(user);
  }
  return absl::UnauthenticatedError(
      "the server does not know this token; it may have been revoked");
}

absl::Status Authenticator::Confirm(const Caller& caller,
                                    const grpc::CallbackServerContext& context) const {
  KUR_ASSIGN_OR_RETURN(const Caller now, Identify(context));
  if (now.user == caller.user && now.role == caller.role) return absl::OkStatus();
  return absl::UnauthenticatedError(
      "the token of this call has been given to another user or role; call again");
}

void Authenticator::ReplaceTokens(TokenFile tokens) {
  {
    absl::MutexLock lock(&mutex_);
    tokens_ = std::move(tokens);
  }
  for (const auto& listener : listeners_.Alive()) listener->OnTokensReplaced();
}

bool Authenticator::has_tokens() const {
  absl::MutexLock lock(&mutex_);
  return tokens_.has_value();
}

std::shared_ptr<grpc::AuthMetadataProcessor> Authenticator::MakeProcessor() const {
  return std::make_shared<TokenProcessor>(*this);
}

std::string Authenticator::LocalUser() {
  const uid_t uid = geteuid();
  std::vector<char> buffer(16384);
  passwd entry;
  passwd* found = nullptr;
  getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  if (found != nullptr && IsValidUserName(found->pw_name)) return found->pw_name;
  return absl::StrCat("uid", uid);
}

}  // namespace kur::server
