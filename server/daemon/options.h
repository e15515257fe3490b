#ifndef KUR_SERVER_DAEMON_OPTIONS_H_
#define KUR_SERVER_DAEMON_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/launcher/launcher.h"
#include "server/net/listen_address.h"

namespace kur::server {

// The options of kurd's command line.
struct DaemonOptions {
  // Holds everything that kurd keeps; created if it does not exist.
  std::string state_directory;
  // Addresses for clients, as ParseListenAddress() reads them. Empty: a socket in the state
  // directory. To serve other machines: a TCP address, with the three files below.
  std::vector<std::string> listen;
  // The devices that jobs train on, as OpenDeviceInventory() reads them. "cpu:N" runs N jobs at a
  // time on the processors.
  std::string devices = "auto";
  // PEM files for TLS on TCP addresses, and lines of USER:TOKEN; all are needed beyond this
  // machine.
  std::string tls_certificate;
  std::string tls_key;
  std::string token_file;
  // The key that users' secrets are encrypted with, outside of the state directory; the first
  // secret makes it. Empty: systemd's credential kCredentialName, if there is one; else no secrets.
  std::string secrets_key;
  // Folders that absolute paths of Kurfiles may read; "/" for a user's own kurd.
  std::vector<std::string> data_roots;
  // Whether jobs download no data, as on a machine without internet.
  bool offline = false;
  // Networks, as ADDRESS/BITS, that data may be downloaded from besides the public internet: those
  // of a mirror in the own network.
  std::vector<std::string> download_networks;
  // What each user may have of uploads: space in GiB for those that no job names, and how many at
  // the same time.
  int64_t upload_space = 256;
  int uploads = 16;
  // How many MiB of events a job may have before only the most important are kept; see event.proto.
  int64_t event_space = 1024;
  // How many MiB a second each user may upload; 0: as many as come.
  int64_t upload_rate = 0;
  // Where Prometheus reads metrics. Empty: nowhere. Beyond loopback it needs TLS, and one of the
  // tokens in lines of NAME:TOKEN of the file.
  std::string metrics;
  std::string metrics_token_file;
  // How often a job is started again after its worker was killed, unless the submission says;
  // absent: the default of JobEnvironment, as below.
  std::optional<int> max_restarts;
  // How long a worker may report nothing before it is taken to hang; infinite: as long as it likes.
  std::optional<absl::Duration> hang_timeout;
  // The program that trains. Empty: kurd-worker in the folder of kurd.
  std::string worker_binary;
  // The program that evaluates Kurfiles. Empty: kurd-evaluator in the folder of kurd.
  std::string evaluator_binary;
  // Whether workers are confined: "auto", as far as the kernel can; "require": kurd does not start
  // where it cannot; "off".
  std::string confinement = "auto";
  // How much memory a worker may have, where systemd has delegated a control group to kurd: bytes;
  // 0: as much as there is; absent: a share of the machine's for each device of its job.
  std::optional<int64_t> worker_memory;
  // "debug", "info", "warn" or "error".
  std::string log_level = "info";
};

// The end of a kurd that does not serve (--help, --version, an error): print `text`, exit with
// `code`.
struct EarlyExit {
  int code = 0;
  std::string text;
};

// Parses the command line.
std::variant<DaemonOptions, EarlyExit> ParseCommandLine(int argc, const char* const* argv);

// Returns the addresses to listen on; default: the UNIX socket `default_socket`. Returns
// FAILED_PRECONDITION if other machines could reach one of them without TLS and tokens.
absl::StatusOr<std::vector<ListenAddress>> ListenAddresses(const DaemonOptions& options,
                                                           const std::string& default_socket);

// Returns the address of the metrics; nothing if there are none. Returns FAILED_PRECONDITION if
// other machines could reach it without TLS and tokens.
absl::StatusOr<std::optional<ListenAddress>> MetricsAddress(const DaemonOptions& options);

// Returns how much memory workers may have on a machine with `total_bytes` and so many devices.
WorkerMemory MemoryOfWorkers(const DaemonOptions& options, int64_t total_bytes, size_t devices);

// Returns the data roots as absolute paths without links. Returns INVALID_ARGUMENT, naming the
// root, if one is not a folder.
absl::StatusOr<std::vector<std::string>> ResolveDataRoots(const std::vector<std::string>& roots);

// Returns FAILED_PRECONDITION if one of the resolved data roots holds something of the state
// directory: every user could read there what is another's.
absl::Status CheckDataRootsAreApart(const std::vector<std::string>& roots,
                                    const std::string& state_directory);

// Where the key for secrets is.
struct SecretsKey {
  std::string path;  // absolute; empty: nowhere
  bool is_credential = false;
};

// The name of the credential by which systemd may give the key (LoadCredential=).
constexpr char kCredentialName[] = "kurd-secrets-key";

// Finds the key for secrets. Returns FAILED_PRECONDITION if it would lie in the state directory, of
// which there are copies, or, where there are users with tokens, in a resolved data root, which all
// their jobs read.
absl::StatusOr<SecretsKey> FindSecretsKey(const DaemonOptions& options,
                                          const std::vector<std::string>& roots);

// Returns the version of kurd: "0.1.0".
std::string Version();

}  // namespace kur::server

#endif  // KUR_SERVER_DAEMON_OPTIONS_H_
