#ifndef KUR_CLIENT_CONFIG_H_
#define KUR_CLIENT_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/address.h"
#include "client/environment.h"

namespace kur::client {

// The connection options of the command line; empty if not given.
struct ConnectionFlags {
  std::string server;
  std::string token_file;
  std::string tls_ca;
  bool tls = false;
};

// The content of the configuration file; empty if not given.
struct FileConfig {
  std::string server;
  std::string token;
  std::string token_file;
  std::string tls_ca;
  bool tls = false;
  std::string project;
};

// Reads a configuration file. Returns an empty configuration if the file does not exist. Returns
// INVALID_ARGUMENT with file and line for a syntax error or an unknown key.
absl::StatusOr<FileConfig> ReadConfigFile(const std::string& path);

// The settings in force. Flags take precedence over the environment, the environment over the file,
// the file over defaults.
struct Settings {
  Address server;
  // Whether no server was named, so that the user's own kurd is used.
  bool is_default_server = false;
  bool tls = false;
  // PEM certificates of the authorities that may sign the server's certificate. Empty: those that
  // the system trusts.
  std::string tls_roots;
  // The bearer token. Empty: the server identifies the caller by the UNIX socket, or refuses.
  std::string token;
  // The default project of submissions. Empty: the name of the Kurfile's folder.
  std::string project;
};

// Combines flags, $KURCTL_SERVER, $KURCTL_TOKEN, $KURCTL_TLS_CA, the configuration file and the
// defaults. Uses the file's token and certificates only for the server that the file names. Returns
// a usage error for a malformed address.
absl::StatusOr<Settings> ResolveSettings(const ConnectionFlags& flags,
                                         const Environment& environment);

}  // namespace kur::client

#endif  // KUR_CLIENT_CONFIG_H_
