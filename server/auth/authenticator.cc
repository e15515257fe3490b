#include "server/auth/authenticator.h"

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
constexpr char kMethod[] = ":path";

template <class Metadata>
absl::string_view ValueOf(const Metadata& metadata, const char* key) {
  const auto entry = metadata.find(key);
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
    if (IsPublic(ValueOf(metadata, kMethod))) return grpc::Status::OK;
    const auto user = authenticator_.UserOfHeader(ValueOf(metadata, kHeader));
    if (user.ok()) return grpc::Status::OK;
    return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, std::string(user.status().message()));
  }

 private:
  const Authenticator& authenticator_;
};

}  // namespace

Authenticator::Authenticator(std::optional<TokenFile> tokens)
    : local_user_(LocalUser()), tokens_(std::move(tokens)) {}

absl::StatusOr<Caller> Authenticator::Identify(const grpc::CallbackServerContext& context) const {
  Caller caller;
  caller.user = local_user_;
  if (!absl::StartsWith(context.peer(), "unix:") && has_tokens()) {
    KUR_ASSIGN_OR_RETURN(caller.user, UserOfHeader(ValueOf(context.client_metadata(), kHeader)));
  }
  return caller;
}

absl::StatusOr<std::string> Authenticator::UserOfHeader(absl::string_view authorization) const {
  if (authorization.empty()) {
    return absl::UnauthenticatedError(
        "this server needs a token; ask its operator for one and send it as 'authorization: Bearer "
        "TOKEN'");
  }
  if (!absl::StartsWithIgnoreCase(authorization, "Bearer ")) {
    return absl::UnauthenticatedError("the authorization metadata must be 'Bearer TOKEN'");
  }
  const absl::string_view token = authorization.substr(absl::string_view("Bearer ").size());
  absl::MutexLock lock(&mutex_);
  if (tokens_.has_value()) {
    if (auto user = tokens_->UserOf(token)) return *std::move(user);
  }
  return absl::UnauthenticatedError(
      "the server does not know this token; it may have been revoked");
}

void Authenticator::ReplaceTokens(TokenFile tokens) {
  absl::MutexLock lock(&mutex_);
  tokens_ = std::move(tokens);
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
