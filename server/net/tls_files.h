#ifndef KUR_SERVER_NET_TLS_FILES_H_
#define KUR_SERVER_NET_TLS_FILES_H_

#include <string>

#include "absl/status/statusor.h"

namespace kur::server {

// A certificate chain and its private key, both PEM.
struct TlsFiles {
  std::string certificate_chain;
  std::string private_key;
};

// Reads them and checks that they can be used together; INVALID_ARGUMENT names the file at fault.
absl::StatusOr<TlsFiles> LoadTlsFiles(const std::string& certificate_file,
                                      const std::string& key_file);

}  // namespace kur::server

#endif  // KUR_SERVER_NET_TLS_FILES_H_
