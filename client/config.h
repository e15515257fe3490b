#ifndef KUR_CLIENT_CONFIG_H_
#define KUR_CLIENT_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/address.h"
#include "client/environment.h"

namespace kur::client {

// What the command line says of the connection; empty where it says nothing.
struct ConnectionFlags {
  std::string server;
  std::string token_file;
  std::string tls_ca;
  bool tls = false;
};

// What the configuration file says; empty where it says nothing.
struct FileConfig {
  std::string server;
  std::string token;
  std::string token_file;
  std::string tls_ca;
  bool tls = false;
  std::string project;
};

// Reads a configuration file. A file that is not there is an empty one; INVALID_ARGUMENT with file
// and line for what cannot be read or is not known.
absl::StatusOr<FileConfig> ReadConfigFile(const std::string& path);

// What is in force: flags before environment before file before defaults.
struct Settings {
  Address server;
  // True when nobody named a server: the user's own kurd is meant.
  bool is_default_server = false;
  bool tls = false;
  // PEM certificates that may sign the server's; empty: those that the system trusts.
  std::string tls_roots;
  // Empty: the server takes the caller by its UNIX socket, or not at all.
  std::string token;
  // Default project of submissions; empty: by the Kurfile's folder.
  std::string project;
};

// Combines flags, $KURCTL_SERVER, $KURCTL_TOKEN, $KURCTL_TLS_CA, the configuration file and the
// defaults. What the file says of tokens and certificates is for the server that it names: it is
// never given to another one. A usage error for an address that makes no sense.
absl::StatusOr<Settings> ResolveSettings(const ConnectionFlags& flags,
                                         const Environment& environment);

}  // namespace kur::client

#endif  // KUR_CLIENT_CONFIG_H_
