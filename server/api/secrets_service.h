#ifndef KUR_SERVER_API_SECRETS_SERVICE_H_
#define KUR_SERVER_API_SECRETS_SERVICE_H_

#include "kur/v1/kur.grpc.pb.h"
#include "server/auth/authenticator.h"
#include "server/net/task_pool.h"
#include "server/secrets/secret_vault.h"

namespace kur::server {

// kur.v1.Secrets. Thread-safe.
class SecretsService final : public v1::Secrets::CallbackService {
 public:
  // Everything is borrowed and must outlive the server.
  SecretsService(SecretVault& vault, const Authenticator& authenticator, TaskPool& pool)
      : vault_(vault), authenticator_(authenticator), pool_(pool) {}

  grpc::ServerUnaryReactor* SetSecret(grpc::CallbackServerContext* context,
                                      const v1::SetSecretRequest* request,
                                      v1::SetSecretResponse* response) override;
  grpc::ServerUnaryReactor* ListSecrets(grpc::CallbackServerContext* context,
                                        const v1::ListSecretsRequest* request,
                                        v1::ListSecretsResponse* response) override;
  grpc::ServerUnaryReactor* DeleteSecret(grpc::CallbackServerContext* context,
                                         const v1::DeleteSecretRequest* request,
                                         v1::DeleteSecretResponse* response) override;

 private:
  SecretVault& vault_;
  const Authenticator& authenticator_;
  TaskPool& pool_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_SECRETS_SERVICE_H_
