#include "server/daemon/daemon.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "absl/strings/str_cat.h"
#include "engine/base/files_without_links.h"
#include "engine/base/network_rules.h"
#include "engine/base/status.h"
#include "engine/base/system_memory.h"
#include "server/api/grpc_status.h"
#include "server/auth/cookie.h"
#include "server/confinement/confinement.h"
#include "server/daemon/service_manager.h"
#include "server/launcher/card_trial.h"
#include "server/protocol/job_state.h"
#include "server/protocol/socket_cookie.h"
#include "server/submission/evaluator_process.h"

namespace kur::server {
namespace {

// Most of the threads wait: for an evaluation, or for a commit, which those who wait share. So one
// user's worst Kurfiles take some processes, and never the threads of the others.
constexpr TaskPool::Limits kSubmissionLimits = {/*threads=*/64, /*running_per_user=*/8,
                                                /*queued=*/256, /*queued_per_user=*/64};
constexpr TaskPool::Limits kUploadLimits = {/*threads=*/3, /*running_per_user=*/2, /*queued=*/1024,
                                            /*queued_per_user=*/1024};
// As many as watches that come back at once after a restart of kurd.
constexpr TaskPool::Limits kWatchLimits = {/*threads=*/4, /*running_per_user=*/3,
                                           /*queued=*/65536, /*queued_per_user=*/65536};
constexpr absl::Duration kStopGrace = absl::Milliseconds(500);
constexpr absl::Duration kProbeInterval = absl::Seconds(20);

// Returns the path of a program that belongs to kurd: `given`, or `name` in kurd's own folder.
absl::StatusOr<std::string> Program(const std::string& given, const std::string& name,
                                    const std::string& option) {
  std::string binary = given;
  if (binary.empty()) {
    char self[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length < 0) return ErrnoToStatus(errno, "cannot find this program's folder");
    binary = JoinPath(DirectoryOf(std::string(self, static_cast<size_t>(length))), name);
  }
  char resolved[PATH_MAX];
  if (realpath(binary.c_str(), resolved) == nullptr || access(resolved, X_OK) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("there is no program ", binary, "; install ",
                                                      name, " there or name it with ", option));
  }
  return std::string(resolved);
}

absl::StatusOr<std::optional<TokenFile>> LoadTokens(const std::string& file) {
  if (file.empty()) return std::optional<TokenFile>();
  KUR_ASSIGN_OR_RETURN(TokenFile tokens, TokenFile::Load(file));
  return std::optional<TokenFile>(std::move(tokens));
}

absl::StatusOr<std::optional<TlsFiles>> LoadTls(const DaemonOptions& options) {
  if (options.tls_certificate.empty()) return std::optional<TlsFiles>();
  struct stat key = {};
  if (stat(options.tls_key.c_str(), &key) == 0 && (key.st_mode & S_IRWXO) != 0) {
    spdlog::warn("{} is open to everyone; run: chmod o= {}", options.tls_key, options.tls_key);
  }
  KUR_ASSIGN_OR_RETURN(TlsFiles tls, LoadTlsFiles(options.tls_certificate, options.tls_key));
  return std::optional<TlsFiles>(std::move(tls));
}

absl::StatusOr<std::vector<std::string>> OpenCookies(const std::vector<ListenAddress>& addresses) {
  std::vector<std::string> cookies;
  for (const ListenAddress& address : addresses) {
    if (!address.is_unix) continue;
    KUR_ASSIGN_OR_RETURN(cookies.emplace_back(),
                         OpenCookie(FileSystem::Posix(), CookieFileOf(address.path)));
  }
  return cookies;
}

void WarnAboutOpenPorts(const std::vector<ListenAddress>& addresses, bool has_tokens) {
  for (const ListenAddress& address : addresses) {
    if (address.is_unix || has_tokens) continue;
    spdlog::warn(
        "{} needs no token: every user of this machine can act as {} there; consider "
        "--token-file",
        address.ToString(), Authenticator::LocalUser());
  }
}

// Decides by --confinement, and says what the kernel lacks.
absl::StatusOr<Confinement> ChooseConfinement(const std::string& option) {
  if (option == "off") {
    spdlog::warn("workers are not confined: a fault in one reaches every file of this user");
    return Confinement::kNone;
  }
  for (const std::string& missing : MissingFeatures()) {
    if (option == "require") {
      return absl::FailedPreconditionError(
          absl::StrCat(missing, "; --confinement auto starts all the same"));
    }
    spdlog::warn("{}", missing);
  }
  return Confinement::kWherever;
}

// Returns null, and says why, where workers can have no control groups.
std::unique_ptr<WorkerGroups> OpenGroups(const DaemonOptions& options) {
  if (options.worker_memory == 0) return nullptr;
  const auto open = []() -> absl::StatusOr<std::unique_ptr<WorkerGroups>> {
    KUR_ASSIGN_OR_RETURN(const std::string own, FileSystem::Posix().Read("/proc/self/cgroup"));
    KUR_ASSIGN_OR_RETURN(const std::string folder,
                         WorkerGroups::FindDelegated("/sys/fs/cgroup", own));
    return WorkerGroups::Open(folder);
  };
  auto groups = open();
  if (groups.ok()) return *std::move(groups);
  // Only who asked for a limit is missing one.
  spdlog::log(options.worker_memory.has_value() ? spdlog::level::warn : spdlog::level::info,
              "the memory of workers is not limited: {} (see Memory in deploy/README.md)",
              std::string(groups.status().message()));
  return nullptr;
}

// Puts kurd-evaluator into a group of its own, so that many evaluations at once, each with little
// memory, leave enough for the rest of the machine.
EvaluatorProcess::OnLaunch Grouping(WorkerGroups* groups) {
  if (groups == nullptr) return nullptr;
  return [groups](pid_t process) -> absl::Status {
    constexpr char kName[] = "evaluator";
    GroupLimits limits;
    limits.memory_bytes = std::max(int64_t{1} << 30, TotalMemoryBytes() / 8);
    limits.threads = 256;
    limits.ends_together = false;
    KUR_RETURN_IF_ERROR(groups->Create(kName, limits).status());
    return groups->Move(process, kName);
  };
}

}  // namespace

Daemon::Daemon(DaemonOptions options, StateDirectory state,
               std::unique_ptr<Authenticator> authenticator,
               std::unique_ptr<Authenticator> metrics_authenticator)
    : options_(std::move(options)),
      state_(std::move(state)),
      authenticator_(std::move(authenticator)),
      metrics_authenticator_(std::move(metrics_authenticator)),
      metrics_(Version()),
      call_limits_(options_.upload_rate << 20) {}

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const DaemonOptions& options) {
  // All errors of the command line are found before anything is created.
  KUR_ASSIGN_OR_RETURN(auto metrics_address, MetricsAddress(options));
  KUR_RETURN_IF_ERROR(ListenAddresses(options, "kurd.sock").status());
  DataPolicy data;
  KUR_ASSIGN_OR_RETURN(data.roots, ResolveDataRoots(options.data_roots));
  if (!options.token_file.empty()) {
    KUR_RETURN_IF_ERROR(CheckDataRootsAreApart(data.roots, options.state_directory));
  }
  KUR_ASSIGN_OR_RETURN(const SecretsKey key, FindSecretsKey(options, data.roots));
  data.offline = options.offline;
  data.download_networks = options.download_networks;
  KUR_RETURN_IF_ERROR(
      Annotate(NetworkRules::Parse(data.download_networks).status(), "--download-network"));
  KUR_ASSIGN_OR_RETURN(auto tokens, LoadTokens(options.token_file));
  KUR_ASSIGN_OR_RETURN(auto metrics_tokens, LoadTokens(options.metrics_token_file));
  KUR_ASSIGN_OR_RETURN(auto tls, LoadTls(options));
  KUR_ASSIGN_OR_RETURN(const std::string worker_binary,
                       Program(options.worker_binary, "kurd-worker", "--worker-binary"));
  KUR_ASSIGN_OR_RETURN(const std::string evaluator_binary,
                       Program(options.evaluator_binary, "kurd-evaluator", "--evaluator-binary"));
  KUR_ASSIGN_OR_RETURN(const Confinement confinement, ChooseConfinement(options.confinement));
  InventoryOptions inventory_options;
  inventory_options.try_cards = MakeCardTrial(worker_binary, confinement);
  KUR_ASSIGN_OR_RETURN(auto inventory, OpenDeviceInventory(options.devices, inventory_options));
  for (const std::string& problem : inventory->problems()) spdlog::warn("{}", problem);

  KUR_ASSIGN_OR_RETURN(StateDirectory state, StateDirectory::Lock(options.state_directory));
  KUR_ASSIGN_OR_RETURN(const auto addresses,
                       ListenAddresses(options, state.layout().client_socket()));
  WarnAboutOpenPorts(addresses, tokens.has_value());
  KUR_ASSIGN_OR_RETURN(auto cookies, OpenCookies(addresses));
  std::unique_ptr<Daemon> daemon(
      new Daemon(options, std::move(state),
                 std::make_unique<Authenticator>(std::move(tokens), std::move(cookies)),
                 std::make_unique<Authenticator>(std::move(metrics_tokens))));
  daemon->inventory_ = std::move(inventory);
  daemon->groups_ = OpenGroups(options);
  KUR_ASSIGN_OR_RETURN(daemon->evaluator_,
                       EvaluatorProcess::Start(evaluator_binary, Grouping(daemon->groups_.get())));
  daemon->launcher_ = MakeLocalLauncher(
      worker_binary, confinement, daemon->groups_.get(),
      MemoryOfWorkers(options, TotalMemoryBytes(), daemon->inventory_->devices().size()));
  KUR_RETURN_IF_ERROR(daemon->OpenState(std::move(data), key));
  if (metrics_address.has_value()) {
    KUR_RETURN_IF_ERROR(daemon->ServeMetrics(*std::move(metrics_address), tls));
  }
  KUR_RETURN_IF_ERROR(daemon->Listen(addresses, std::move(tls)));
  return daemon;
}

absl::Status Daemon::OpenState(DataPolicy data, const SecretsKey& key) {
  const StateLayout& layout = state_.layout();
  files_ = FilesWithoutLinksIn(layout.runs());
  KUR_ASSIGN_OR_RETURN(database_,
                       StateDatabase::Open(layout.database(), /*vfs=*/"", layout.reserve()));
  store_ = std::make_unique<JobStore>(*database_);
  secret_store_ = std::make_unique<SecretStore>(*database_);
  SecretVault::Options secrets;
  secrets.key_path = key.path;
  secrets.is_credential = key.is_credential;
  KUR_ASSIGN_OR_RETURN(secrets_, SecretVault::Open(*secret_store_, std::move(secrets)));
  UploadLimits limits;
  limits.waiting_bytes = options_.upload_space << 30;
  limits.uploads = options_.uploads;
  KUR_ASSIGN_OR_RETURN(blobs_, BlobStore::Open(*files_, layout.blobs(), limits));
  policy_ = MakeFifoPolicy();
  JobEnvironment environment;
  environment.files = files_.get();
  environment.layout = &layout;
  environment.database = database_.get();
  environment.store = store_.get();
  environment.blobs = blobs_.get();
  environment.secrets = secrets_.get();
  environment.evaluator = evaluator_.get();
  environment.launcher = launcher_.get();
  environment.inventory = inventory_.get();
  environment.policy = policy_.get();
  environment.dispatcher = &dispatcher_;
  environment.metrics = &metrics_;
  environment.data = std::move(data);
  environment.max_restarts = options_.max_restarts.value_or(environment.max_restarts);
  environment.event_bytes = options_.event_space << 20;
  environment.watch.report = options_.hang_timeout.value_or(environment.watch.report);
  KUR_ASSIGN_OR_RETURN(jobs_, JobManager::Start(environment));
  return absl::OkStatus();
}

absl::Status Daemon::Listen(const std::vector<ListenAddress>& addresses,
                            std::optional<TlsFiles> tls) {
  HideFolder(state_.layout().root());
  submission_pool_ = std::make_unique<TaskPool>(kSubmissionLimits);
  upload_pool_ = std::make_unique<TaskPool>(kUploadLimits);
  watch_pool_ = std::make_unique<TaskPool>(kWatchLimits);
  jobs_service_ = std::make_unique<JobsService>(*jobs_, *authenticator_, *submission_pool_,
                                                *watch_pool_, call_limits_, metrics_);
  blobs_service_ = std::make_unique<BlobsService>(*blobs_, *authenticator_, *upload_pool_,
                                                  call_limits_, metrics_);
  secrets_service_ =
      std::make_unique<SecretsService>(*secrets_, *authenticator_, *submission_pool_);
  system_service_ = std::make_unique<SystemService>(*jobs_, *inventory_, *authenticator_, Version(),
                                                    state_.layout().root());
  worker_service_ = std::make_unique<WorkerService>(*jobs_);

  GrpcServerOptions workers;
  KUR_ASSIGN_OR_RETURN(ListenAddress socket,
                       ParseListenAddress("unix:" + state_.layout().worker_socket()));
  workers.addresses = {std::move(socket)};
  workers.metrics = &metrics_;
  workers.limits = WorkerLimits();
  KUR_ASSIGN_OR_RETURN(workers_, GrpcServer::Start(workers, {worker_service_.get()}));

  GrpcServerOptions clients;
  clients.addresses = addresses;
  clients.tls = std::move(tls);
  clients.authenticator = authenticator_.get();
  clients.metrics = &metrics_;
  KUR_ASSIGN_OR_RETURN(clients_,
                       GrpcServer::Start(clients, {jobs_service_.get(), blobs_service_.get(),
                                                   secrets_service_.get(), system_service_.get()}));
  // Three times, so that one check that takes long is not the end.
  const absl::Duration interval = WatchdogTimeout().value_or(3 * kProbeInterval) / 3;
  watchdog_ = std::make_unique<Watchdog>([this] { return CheckServing(); }, interval);
  return absl::OkStatus();
}

absl::Status Daemon::ServeMetrics(ListenAddress address, const std::optional<TlsFiles>& tls) {
  MetricsServer::Options options;
  if (!address.IsLocal()) options.tls = tls;
  options.address = std::move(address);
  if (metrics_authenticator_->has_tokens()) {
    options.authorize = [this](absl::string_view authorization) {
      return metrics_authenticator_->UserOfHeader(authorization).status();
    };
  }
  return metrics_.Serve(std::move(options), [this] { return Sample(); });
}

// A kurd that can write nothing any more says so to health checks, and is started again by the
// service manager: only that mends it, and the workers go on meanwhile.
absl::Status Daemon::CheckServing() {
  const absl::Status writable = database_->health();
  KUR_RETURN_IF_ERROR(clients_->CheckHealth(writable));
  return workers_->CheckHealth(writable);
}

std::vector<Metrics::Sample> Daemon::Sample() const {
  std::vector<Metrics::Sample> samples;
  const auto counts = store_->CountByState();
  if (counts.ok()) {
    for (const v1::JobState state : kAllStates) {
      const auto count = counts->find(state);
      samples.push_back({"kurd_jobs", "Jobs by state.", "state", std::string(StateName(state)),
                         count == counts->end() ? 0.0 : static_cast<double>(count->second)});
    }
  }
  samples.push_back({"kurd_devices", "Devices that jobs can have.", "", "",
                     static_cast<double>(inventory_->devices().size())});
  samples.push_back({"kurd_devices_busy", "Devices that jobs hold.", "", "",
                     static_cast<double>(jobs_->DeviceHolders().size())});
  return samples;
}

absl::Status Daemon::ReloadTokens() {
  KUR_ASSIGN_OR_RETURN(auto tokens, LoadTokens(options_.token_file));
  KUR_ASSIGN_OR_RETURN(auto metrics_tokens, LoadTokens(options_.metrics_token_file));
  if (tokens.has_value()) authenticator_->ReplaceTokens(*std::move(tokens));
  if (metrics_tokens.has_value()) metrics_authenticator_->ReplaceTokens(*std::move(metrics_tokens));
  return absl::OkStatus();
}

absl::Status Daemon::ReloadCertificate() {
  KUR_ASSIGN_OR_RETURN(auto tls, LoadTls(options_));
  if (!tls.has_value()) return absl::OkStatus();
  clients_->ReplaceCertificate(*tls);
  return metrics_.ReplaceCertificate(*std::move(tls));
}

Daemon::~Daemon() {
  Stop();
  if (jobs_ != nullptr) jobs_->Stop();
  launcher_.reset();
}

void Daemon::Stop() {
  watchdog_.reset();
  metrics_.Stop();
  if (jobs_service_ != nullptr) jobs_service_->StopWatches();
  if (clients_ != nullptr) clients_->Stop(kStopGrace);
  if (workers_ != nullptr) workers_->Stop(absl::ZeroDuration());
}

}  // namespace kur::server
