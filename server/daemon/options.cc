#include "server/daemon/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/base/version.h"

namespace kur::server {
namespace {

constexpr char kDescription[] =
    "kurd trains the models that Kurfiles describe: it queues jobs, gives them devices, runs each "
    "in "
    "a process of its own, and streams what they report to kurctl.";

constexpr char kExamples[] = R"(
Examples:
  Serve this machine's users of one account, over a socket in the state directory:
    kurd --state-dir ~/.local/state/kurd

  Serve a team over the network, with TLS and a token for each user:
    kurd --state-dir /var/lib/kurd --listen 0.0.0.0:8400 \
         --tls-cert server.pem --tls-key server.key --token-file /etc/kurd/tokens

  The same, with metrics for a Prometheus on another machine:
    kurd ... --metrics 0.0.0.0:9464 --metrics-token-file /etc/kurd/metrics-tokens

  Two jobs at a time on the processors, reading data sets from /data:
    kurd --state-dir /var/lib/kurd --devices cpu:2 --data-root /data

Over a UNIX socket, the content of the file PATH.cookie is the token of the account that runs kurd.
A token file has lines of USER:TOKEN; SIGHUP reads both token files and the TLS files again. SIGTERM
stops kurd and leaves the workers training; the next kurd on the same state directory takes them over.
)";

// "90s", "30m", "2h".
absl::Duration ParseHangTimeout(const std::string& text) {
  absl::Duration timeout;
  if (!absl::ParseDuration(text, &timeout) || timeout < absl::ZeroDuration()) {
    throw CLI::ValidationError("--hang-timeout",
                               absl::StrCat("expected a time such as 30m or 2h, got '", text, "'"));
  }
  return timeout == absl::ZeroDuration() ? absl::InfiniteDuration() : timeout;
}

// "share", "none", "8G".
std::optional<int64_t> ParseWorkerMemory(const std::string& text) {
  if (text == "share") return std::nullopt;
  if (text == "none") return 0;
  try {
    std::string bytes = text;
    CLI::AsSizeValue(/*kb_is_1000=*/false)(bytes);
    constexpr int64_t kLeast = int64_t{64} << 20;  // less starts no worker
    int64_t memory = 0;
    if (absl::SimpleAtoi(bytes, &memory) && memory >= kLeast) return memory;
  } catch (const CLI::ValidationError&) {
    // As for a number that is too small.
  }
  throw CLI::ValidationError(
      "--worker-memory",
      absl::StrCat("expected share, none, or a size from 64M on such as 16G, got '", text, "'"));
}

void AddOptions(CLI::App& app, DaemonOptions& options) {
  app.add_option("--state-dir", options.state_directory,
                 "Where jobs, uploads and results are kept; created if it is not there")
      ->required()
      ->type_name("DIR");
  app.add_option("--listen", options.listen,
                 "unix:PATH or HOST:PORT; may be repeated [unix:DIR/kurd.sock]")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  app.add_option("--devices", options.devices,
                 "What jobs train on: auto, cuda, cuda:0-3, cpu:N or cuda+cpu:N [auto]")
      ->type_name("WHAT");
  app.add_option("--tls-cert", options.tls_certificate, "Certificate chain for TCP, PEM")
      ->type_name("FILE");
  app.add_option("--tls-key", options.tls_key, "Private key of --tls-cert, PEM")->type_name("FILE");
  app.add_option("--token-file", options.token_file, "Who may call over TCP: lines of USER:TOKEN")
      ->type_name("FILE");
  app.add_option("--secrets-key", options.secrets_key,
                 "The key that users' secrets are encrypted with, outside of the state directory; "
                 "made with the first secret [the credential kurd-secrets-key of systemd]")
      ->type_name("FILE");
  app.add_option("--data-root", options.data_roots,
                 "Folder that absolute paths of Kurfiles may read; may be repeated")
      ->type_name("DIR")
      ->allow_extra_args(false);
  app.add_flag("--offline", options.offline, "Download no data for jobs");
  app.add_option("--download-network", options.download_networks,
                 "Network that data may be downloaded from besides the public internet; may be "
                 "repeated")
      ->type_name("ADDRESS/BITS")
      ->allow_extra_args(false);
  app.add_option(
         "--upload-space", options.upload_space,
         "Space of each user for uploads that no job names yet, unfinished ones included [256]")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 20))
      ->type_name("GIB");
  app.add_option("--uploads", options.uploads, "Uploads of each user at the same time [16]")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  app.add_option("--event-space", options.event_space,
                 "Space for the events of each job: beyond it training goes on, but only about one "
                 "epoch a minute is kept; twice as much fails the job [1024]")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30))
      ->type_name("MIB");
  app.add_option("--upload-rate", options.upload_rate,
                 "How much each user may upload in a second, all uploads together; who sends more "
                 "waits; 0: as much as comes [0]")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 20))
      ->type_name("MIB");
  app.add_option(
         "--metrics", options.metrics,
         "Serve /metrics for Prometheus here; beyond loopback by HTTPS, with the next option")
      ->type_name("HOST:PORT");
  app.add_option("--metrics-token-file", options.metrics_token_file,
                 "Who may read metrics: lines of NAME:TOKEN")
      ->type_name("FILE");
  app.add_option("--max-restarts", options.max_restarts,
                 "How often a job is started again after its worker was killed or hung, unless "
                 "`kurctl submit` says [16]")
      ->check(CLI::Range(0, 1'000'000))
      ->type_name("N");
  app.add_option_function<std::string>(
         "--hang-timeout",
         [&options](const std::string& text) { options.hang_timeout = ParseHangTimeout(text); },
         "How long a worker may report nothing and leave the processor idle before it is started "
         "again from what it has saved; 0: for ever [30m]")
      ->type_name("TIME");
  app.add_option("--worker-binary", options.worker_binary,
                 "The program that trains [kurd-worker beside kurd]")
      ->type_name("PATH");
  app.add_option("--evaluator-binary", options.evaluator_binary,
                 "The program that evaluates Kurfiles [kurd-evaluator beside kurd]")
      ->type_name("PATH");
  app.add_option("--confinement", options.confinement,
                 "Whether workers are kept from all that their job does not need: auto (as far as "
                 "the kernel can), require (else kurd does not start) or off [auto]")
      ->check(CLI::IsMember({"auto", "require", "off"}))
      ->type_name("HOW");
  app.add_option_function<std::string>(
         "--worker-memory",
         [&options](const std::string& text) { options.worker_memory = ParseWorkerMemory(text); },
         "Memory of a worker, which ends alone when it needs more: a size such as 16G, share (of "
         "the "
         "machine's, for each device of its job) or none; needs Delegate= in kurd's unit [share]")
      ->type_name("SIZE");
  app.add_option("--log-level", options.log_level, "debug, info, warn or error [info]")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->type_name("LEVEL");
}

}  // namespace

std::string Version() { return kVersion; }

std::variant<DaemonOptions, EarlyExit> ParseCommandLine(int argc, const char* const* argv) {
  DaemonOptions options;
  CLI::App app(kDescription, "kurd");
  app.footer(kExamples);
  app.set_version_flag("--version", "kurd " + Version());
  AddOptions(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return EarlyExit{0, app.help()};
  } catch (const CLI::CallForVersion&) {
    return EarlyExit{0, absl::StrCat("kurd ", Version(), "\n")};
  } catch (const CLI::ParseError& error) {
    return EarlyExit{
        2, absl::StrCat("kurd: ", error.what(), "\nRun 'kurd --help' for the options.\n")};
  }
  if (options.tls_certificate.empty() != options.tls_key.empty()) {
    return EarlyExit{2, "kurd: --tls-cert and --tls-key are needed together\n"};
  }
  return options;
}

absl::StatusOr<std::vector<ListenAddress>> ListenAddresses(const DaemonOptions& options,
                                                           const std::string& default_socket) {
  std::vector<std::string> texts = options.listen;
  if (texts.empty()) texts.push_back("unix:" + default_socket);
  const bool has_tls_and_tokens = !options.tls_certificate.empty() && !options.token_file.empty();
  std::vector<ListenAddress> addresses;
  for (const std::string& text : texts) {
    KUR_ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress(text));
    if (!address.IsLocal() && !has_tls_and_tokens) {
      return absl::FailedPreconditionError(absl::StrCat(
          "refusing to listen on ", text,
          ", which other machines can reach, without --tls-cert, --tls-key and --token-file"));
    }
    addresses.push_back(std::move(address));
  }
  return addresses;
}

absl::StatusOr<std::optional<ListenAddress>> MetricsAddress(const DaemonOptions& options) {
  if (options.metrics.empty()) {
    if (options.metrics_token_file.empty()) return std::optional<ListenAddress>();
    return absl::FailedPreconditionError(
        "--metrics-token-file says who may read metrics, but none are served: add --metrics "
        "HOST:PORT");
  }
  KUR_ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress(options.metrics));
  const bool has_tls_and_tokens =
      !options.tls_certificate.empty() && !options.metrics_token_file.empty();
  if (!address.is_unix && (address.IsLocal() || has_tls_and_tokens)) {
    return std::optional<ListenAddress>(std::move(address));
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "refusing to serve metrics on ", options.metrics,
      address.is_unix
          ? ": Prometheus reads no UNIX socket; give HOST:PORT"
          : ", which other machines can reach, without --tls-cert, --tls-key and "
            "--metrics-token-file; a loopback address such as 127.0.0.1:9464 needs none of them"));
}

WorkerMemory MemoryOfWorkers(const DaemonOptions& options, int64_t total_bytes, size_t devices) {
  WorkerMemory memory;
  memory.for_each_device = !options.worker_memory.has_value();
  // The last tenth is for kurd and the system.
  memory.bytes = options.worker_memory.value_or(total_bytes / 10 * 9 /
                                                static_cast<int64_t>(std::max<size_t>(1, devices)));
  return memory;
}

absl::StatusOr<std::vector<std::string>> ResolveDataRoots(const std::vector<std::string>& roots) {
  std::vector<std::string> resolved;
  for (const std::string& root : roots) {
    char buffer[PATH_MAX];
    if (realpath(root.c_str(), buffer) == nullptr || !IsDirectory(buffer)) {
      return absl::InvalidArgumentError(absl::StrCat("--data-root ", root, " is not a folder"));
    }
    resolved.emplace_back(buffer);
  }
  return resolved;
}

namespace {

using std::filesystem::path;

// Returns the path without links, as far as it exists.
absl::StatusOr<path> Canonical(const std::string& name) {
  std::error_code error;
  path canonical = std::filesystem::weakly_canonical(std::filesystem::absolute(name, error), error);
  if (error) return ErrnoToStatus(error.value(), name);
  return canonical;
}

bool LiesIn(const path& inner, const path& outer) {
  return *inner.lexically_relative(outer).begin() != "..";
}

}  // namespace

absl::Status CheckDataRootsAreApart(const std::vector<std::string>& roots,
                                    const std::string& state_directory) {
  KUR_ASSIGN_OR_RETURN(const path state, Canonical(state_directory));
  for (const std::string& root : roots) {
    if (!LiesIn(root, state) && !LiesIn(state, root)) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "--data-root ", root, " and the state directory ", state.string(),
        " lie within each other: every user of the token file could read there what is another's; "
        "keep them apart"));
  }
  return absl::OkStatus();
}

absl::StatusOr<SecretsKey> FindSecretsKey(const DaemonOptions& options,
                                          const std::vector<std::string>& roots) {
  SecretsKey key;
  if (options.secrets_key.empty()) {
    const char* const credentials = std::getenv("CREDENTIALS_DIRECTORY");
    if (credentials == nullptr) return key;
    key.path = JoinPath(credentials, kCredentialName);
    key.is_credential = true;
    return Exists(key.path) ? key : SecretsKey();
  }
  KUR_ASSIGN_OR_RETURN(const path canonical, Canonical(options.secrets_key));
  KUR_ASSIGN_OR_RETURN(const path state, Canonical(options.state_directory));
  key.path = canonical.string();
  if (LiesIn(canonical, state)) {
    return absl::FailedPreconditionError(
        absl::StrCat("--secrets-key ", key.path, " lies in the state directory ", state.string(),
                     ": a copy of that would have both secrets and key; keep them apart"));
  }
  for (const std::string& root : roots) {
    if (options.token_file.empty() || !LiesIn(canonical, root)) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("--secrets-key ", key.path, " lies in --data-root ", root,
                     ", which all users' jobs read; keep them apart"));
  }
  return key;
}

}  // namespace kur::server
