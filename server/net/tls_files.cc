#include "server/net/tls_files.h"

#include <openssl/ssl.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

constexpr int64_t kMaxFileBytes = int64_t{1} << 20;

absl::Status UnusableFileError(const std::string& file, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(file, ": ", what));
}

absl::StatusOr<TlsFiles> ReadFiles(const std::string& certificate_file,
                                   const std::string& key_file) {
  TlsFiles files;
  KUR_ASSIGN_OR_RETURN(files.certificate_chain,
                       FileSystem::Posix().Read(certificate_file, kMaxFileBytes));
  KUR_ASSIGN_OR_RETURN(files.private_key, FileSystem::Posix().Read(key_file, kMaxFileBytes));
  return files;
}

}  // namespace

absl::StatusOr<TlsFiles> LoadTlsFiles(const std::string& certificate_file,
                                      const std::string& key_file) {
  KUR_ASSIGN_OR_RETURN(TlsFiles files, ReadFiles(certificate_file, key_file));
  // Checked here, because gRPC would only fail to bind, without a reason.
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                                  SSL_CTX_free);
  // OpenSSL would ask the terminal for the passphrase of a key.
  SSL_CTX_set_default_passwd_cb(context.get(), [](char*, int, int, void*) { return -1; });
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1) {
    return UnusableFileError(certificate_file, "expected a certificate chain in PEM");
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return UnusableFileError(key_file,
                             absl::StrCat("expected the private key of ", certificate_file,
                                          " in PEM, without a passphrase"));
  }
  // OpenSSL has read the files itself; somebody may be replacing them right now.
  KUR_ASSIGN_OR_RETURN(const TlsFiles again, ReadFiles(certificate_file, key_file));
  if (files.certificate_chain != again.certificate_chain ||
      files.private_key != again.private_key) {
    return absl::UnavailableError(absl::StrCat(certificate_file, " or ", key_file,
                                               " changed while it was read; read it again"));
  }
  return files;
}

}  // namespace kur::server
