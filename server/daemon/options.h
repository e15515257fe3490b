#ifndef KUR_SERVER_DAEMON_OPTIONS_H_
#define KUR_SERVER_DAEMON_OPTIONS_H_

#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/net/listen_address.h"

namespace kur::server {

// What the command line of kurd says.
struct DaemonOptions {
  std::string state_directory;
  // Empty: a socket in the state directory.
  std::vector<std::string> listen;
  std::string devices = "auto";
  std::string tls_certificate;
  std::string tls_key;
  std::string token_file;
  std::vector<std::string> data_roots;
  bool offline = false;
  std::vector<std::string> download_networks;
  // Empty: no metrics.
  std::string metrics;
  std::string worker_binary;
  std::string log_level = "info";
};

// Everything that there is to do instead of serving: print `text` and exit with `code`.
struct EarlyExit {
  int code = 0;
  std::string text;
};

// Reads the command line.
std::variant<DaemonOptions, EarlyExit> ParseCommandLine(int argc, const char* const* argv);

// The addresses to listen on. FAILED_PRECONDITION if one of them would open the server beyond this
// machine without TLS and tokens.
absl::StatusOr<std::vector<ListenAddress>> ListenAddresses(const DaemonOptions& options,
                                                           const std::string& default_socket);

// FAILED_PRECONDITION unless the metrics' address is on the loopback interface.
absl::Status CheckMetricsAddress(const std::string& address);

// The data roots, absolute and resolved; INVALID_ARGUMENT names one that is not a folder.
absl::StatusOr<std::vector<std::string>> ResolveDataRoots(const std::vector<std::string>& roots);

// "0.1.0".
std::string Version();

}  // namespace kur::server

#endif  // KUR_SERVER_DAEMON_OPTIONS_H_
