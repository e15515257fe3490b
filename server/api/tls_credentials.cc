#include "server/api/tls_credentials.h"

#include <grpc/grpc.h>
#include <grpcpp/support/slice.h>

#include <utility>

namespace kur::server {

TlsCredentials::TlsCredentials(TlsFiles files)
    : files_(std::move(files)),
      credentials_(grpc_ssl_server_credentials_create_with_options(
          grpc_ssl_server_credentials_create_options_using_config_fetcher(
              GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE, &FetchCertificate, this))) {}

TlsCredentials::~TlsCredentials() { grpc_server_credentials_release(credentials_); }

void TlsCredentials::Replace(TlsFiles files) {
  absl::MutexLock lock(&mutex_);
  files_ = std::move(files);
  is_new_ = true;
}

void TlsCredentials::SetAuthMetadataProcessor(
    const std::shared_ptr<grpc::AuthMetadataProcessor>& processor) {
  processor_ = processor;
  grpc_server_credentials_set_auth_metadata_processor(credentials_,
                                                      {&ProcessMetadata, [](void*) {}, this});
}

int TlsCredentials::AddPortToServer(const std::string& address, grpc_server* server) {
  return grpc_server_add_http2_port(server, address.c_str(), credentials_);
}

grpc_ssl_certificate_config_reload_status TlsCredentials::FetchCertificate(
    void* self, grpc_ssl_server_certificate_config** config) {
  auto& credentials = *static_cast<TlsCredentials*>(self);
  absl::MutexLock lock(&credentials.mutex_);
  if (!credentials.is_new_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  credentials.is_new_ = false;
  const grpc_ssl_pem_key_cert_pair pair = {credentials.files_.private_key.c_str(),
                                           credentials.files_.certificate_chain.c_str()};
  // Clients are asked for no certificate, but gRPC insists on roots to check theirs with.
  const char* const roots = pair.cert_chain;
  *config = grpc_ssl_server_certificate_config_create(roots, &pair, 1);
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

void TlsCredentials::ProcessMetadata(void* self, grpc_auth_context*, const grpc_metadata* metadata,
                                     size_t count, grpc_process_auth_metadata_done_cb done,
                                     void* call) {
  grpc::AuthMetadataProcessor::InputMetadata entries;
  for (size_t i = 0; i < count; ++i) {
    entries.emplace(grpc::StringRefFromSlice(&metadata[i].key),
                    grpc::StringRefFromSlice(&metadata[i].value));
  }
  grpc::AuthMetadataProcessor::OutputMetadata unused;
  const grpc::Status status =
      static_cast<TlsCredentials*>(self)->processor_->Process(entries, nullptr, &unused, &unused);
  done(call, nullptr, 0, nullptr, 0, static_cast<grpc_status_code>(status.error_code()),
       status.error_message().c_str());
}

}  // namespace kur::server
