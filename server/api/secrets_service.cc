#include "server/api/secrets_service.h"

#include "engine/base/status.h"
#include "server/api/call_limits.h"
#include "server/api/unary.h"

namespace kur::server {
namespace {

// Admits only what may be a secret: more would wait in memory for its refusal.
absl::StatusOr<bool> AdmitSmall(const google::protobuf::Message& request) {
  KUR_RETURN_IF_ERROR(CheckIsSmall(request));
  return true;
}

}  // namespace

grpc::ServerUnaryReactor* SecretsService::SetSecret(grpc::CallbackServerContext* context,
                                                    const v1::SetSecretRequest* request,
                                                    v1::SetSecretResponse* response) {
  return HandleOnPool(
      pool_, context, authenticator_, Action::kManageSecrets, response,
      [request](const Caller&) { return AdmitSmall(*request); },
      [this, request](const Caller& caller) -> absl::StatusOr<v1::SetSecretResponse> {
        KUR_RETURN_IF_ERROR(vault_.Set(caller.user, *request));
        return v1::SetSecretResponse();
      });
}

grpc::ServerUnaryReactor* SecretsService::ListSecrets(grpc::CallbackServerContext* context,
                                                      const v1::ListSecretsRequest*,
                                                      v1::ListSecretsResponse* response) {
  return HandleInline(context, authenticator_, Action::kManageSecrets, response,
                      [this](const Caller& caller) { return vault_.List(caller.user); });
}

grpc::ServerUnaryReactor* SecretsService::DeleteSecret(grpc::CallbackServerContext* context,
                                                       const v1::DeleteSecretRequest* request,
                                                       v1::DeleteSecretResponse* response) {
  return HandleOnPool(
      pool_, context, authenticator_, Action::kManageSecrets, response,
      [request](const Caller&) { return AdmitSmall(*request); },
      [this, request](const Caller& caller) -> absl::StatusOr<v1::DeleteSecretResponse> {
        KUR_RETURN_IF_ERROR(vault_.Delete(caller.user, request->name()));
        return v1::DeleteSecretResponse();
      });
}

}  // namespace kur::server
