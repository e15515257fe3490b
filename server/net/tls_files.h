#ifndef KUR_SERVER_NET_TLS_FILES_H_
#define KUR_SERVER_NET_TLS_FILES_H_

#include <string>

#include "absl/status/statusor.h"

namespace kur::server {

// A certificate chain and its private key, both in PEM.
struct TlsFiles {
  std::string certificate_chain;
  std::string private_key;
};

// Reads a certificate chain and its private key. Returns INVALID_ARGUMENT, naming the file, if a
// file is not PEM, if the key has a passphrase, or if the key does not belong to the certificate;
// UNAVAILABLE if a file changes at that moment.
absl::StatusOr<TlsFiles> LoadTlsFiles(const std::string& certificate_file,
                                      const std::string& key_file);

}  // namespace kur::server

#endif  // KUR_SERVER_NET_TLS_FILES_H_
