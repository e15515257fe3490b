#ifndef KUR_SERVER_API_TLS_CREDENTIALS_H_
#define KUR_SERVER_API_TLS_CREDENTIALS_H_

#include <grpc/grpc_security.h>
#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/net/tls_files.h"

namespace kur::server {

// TLS for a server whose certificate can be replaced while it runs, which
// grpc::SslServerCredentials cannot do. For one listening port or acceptor. Thread-safe but for
// SetAuthMetadataProcessor().
class TlsCredentials final : public grpc::ServerCredentials {
 public:
  explicit TlsCredentials(TlsFiles files);
  ~TlsCredentials() override;

  // Replaces the certificate for connections that begin from now on.
  void Replace(TlsFiles files);

  // `processor` gets no context of the connection.
  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>& processor) override;

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override;

  // Called by gRPC for every new connection.
  static grpc_ssl_certificate_config_reload_status FetchCertificate(
      void* self, grpc_ssl_server_certificate_config** config);
  static void ProcessMetadata(void* self, grpc_auth_context* context, const grpc_metadata* metadata,
                              size_t count, grpc_process_auth_metadata_done_cb done, void* call);

  absl::Mutex mutex_;
  TlsFiles files_ ABSL_GUARDED_BY(mutex_);
  bool is_new_ ABSL_GUARDED_BY(mutex_) = true;
  std::shared_ptr<grpc::AuthMetadataProcessor> processor_;
  grpc_server_credentials* const credentials_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_TLS_CREDENTIALS_H_
