#include "server/worker/job_worker.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "engine/base/clock.h"
#include "engine/base/file_system.h"
#include "engine/base/files_without_links.h"
#include "engine/base/open_beneath.h"
#include "engine/base/path_resolver.h"
#include "engine/base/status.h"
#include "engine/base/unique_fd.h"
#include "engine/base/utf8.h"
#include "engine/base/wipe.h"
#include "engine/kurfile/kurfile.h"
#include "engine/train/run.h"
#include "kur/v1/worker.pb.h"
#include "server/confinement/confinement.h"
#include "server/protocol/conversions.h"
#include "server/protocol/worker_paths.h"
#include "server/protocol/worker_secrets.h"
#include "server/worker/network_broker.h"
#include "server/worker/packing_sink.h"
#include "server/worker/reporter.h"
#include "server/worker/spool.h"
#include "server/worker/thinning_sink.h"
#include "server/worker/uplink.h"
#include "spdlog/spdlog.h"

namespace kur::worker {
namespace {

// How long the last events may take to reach a kurd that is there; one that is away reads them from
// the spool when it comes back.
constexpr absl::Duration kFarewell = absl::Seconds(10);

PathResolver MakeResolver(const v1::WorkerSpec& spec) {
  PathResolver::Options options;
  options.workspace = spec.workspace();
  options.home = spec.home();
  options.data_roots.assign(spec.data_roots().begin(), spec.data_roots().end());
  for (const v1::WorkerInput& input : spec.inputs()) options.inputs[input.path()] = input.file();
  return PathResolver(std::move(options));
}

class SpoolSink : public EventSink {
 public:
  explicit SpoolSink(Spool* spool) : spool_(spool) {}
  absl::Status Add(v1::Event event) override { return spool_->Append(std::move(event)); }
  absl::Status Sync() override { return spool_->Sync(); }

 private:
  Spool* spool_;
};

// Reads what kurd has written for the job. The operator may have made links to the worker's
// folders; the paths returned lead through none.
absl::StatusOr<v1::WorkerSpec> ReadSpec(const std::string& run_directory) {
  const std::string path = JoinPath(ResolveLinks(run_directory), kSpecFile);
  KUR_ASSIGN_OR_RETURN(const std::string content, FilesWithoutLinks().Read(path));
  v1::WorkerSpec spec;
  if (!spec.ParseFromString(content)) return absl::DataLossError(path + " is damaged");
  spec.set_run_directory(ResolveLinks(run_directory));
  spec.set_download_cache(ResolveLinks(spec.download_cache()));
  return spec;
}

// Reads the secrets of the job, and leaves nothing of them to read.
absl::StatusOr<v1::WorkerSecrets> ReadSecrets() {
  // More than the largest secrets of a job.
  constexpr size_t kMostBytes = 1 << 20;
  // Before they are here: whoever may look into this process until then sees nothing.
  prctl(PR_SET_DUMPABLE, 0);
  std::string bytes(kMostBytes, '\0');
  const Wiper wiper(&bytes);
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(STDIN_FILENO, &bytes[size], bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoToStatus(errno, "reading the secrets of the job");
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  const UniqueFd nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing.valid() || dup2(nothing.get(), STDIN_FILENO) < 0) {
    return ErrnoToStatus(errno, "closing what had the secrets of the job");
  }
  v1::WorkerSecrets secrets;
  if (!secrets.ParseFromArray(bytes.data(), static_cast<int>(size))) {
    return absl::DataLossError("the secrets of the job cannot be read");
  }
  return secrets;
}

// Starts the broker, which alone knows the secrets from then on.
absl::StatusOr<std::shared_ptr<NetworkBroker>> StartBroker(const v1::WorkerSpec& spec,
                                                           bool is_confined, bool has_secrets) {
  v1::WorkerSecrets secrets;
  if (has_secrets) {
    KUR_ASSIGN_OR_RETURN(secrets, ReadSecrets());
  }
  NetworkBroker::Options options;
  options.server = spec.server();
  options.is_confined = is_confined;
  options.secrets = &secrets;
  KUR_ASSIGN_OR_RETURN(options.rules, NetworkRules::Parse({spec.download_networks().begin(),
                                                           spec.download_networks().end()}));
  auto broker = NetworkBroker::Start(options);
  WipeSecrets(&secrets);
  return broker;
}

absl::StatusOr<RunOutcome> RunKurfile(const v1::WorkerSpec& spec, const PathResolver& paths,
                                      std::shared_ptr<HttpClient> http, const RunHost& host) {
  KurfileOptions kurfile_options;
  kurfile_options.overrides.assign(spec.overrides().begin(), spec.overrides().end());
  kurfile_options.display_root = spec.source_directory();
  kurfile_options.gpu_count = spec.gpu_count();
  KUR_ASSIGN_OR_RETURN(
      const Kurfile kurfile,
      Kurfile::Load(JoinPath(spec.source_directory(), spec.kurfile()), kurfile_options));
  for (const Diagnostic& warning : kurfile.warnings()) {
    host.events->OnLog(LogLevel::kWarning, warning.ToString());
  }
  RunOptions options;
  options.mode = ToMode(spec.mode());
  options.inspection.section = spec.inspection().section();
  options.inspection.samples = spec.inspection().samples();
  options.seed = spec.seed();
  options.device = spec.device();
  options.threads = spec.threads();
  options.device_memory_bytes = spec.device_memory_bytes();
  options.scratch_folder = spec.run_directory();
  options.resume_path = JoinPath(spec.run_directory(), kResumeFile);
  options.written_folder = JoinPath(spec.run_directory(), kArtifactFolder);
  options.files = &FilesWithoutLinks();
  options.fetch.offline = spec.offline();
  options.fetch.cache = spec.download_cache();
  options.fetch.http = std::move(http);
  return Run(kurfile, paths, options, host);
}

v1::Outcome ToOutcome(const absl::StatusOr<RunOutcome>& end) {
  v1::Outcome outcome;
  if (!end.ok()) {
    outcome.set_state(v1::JOB_STATE_FAILED);
    outcome.set_reason(ToUtf8(end.status().message()));
  } else {
    outcome.set_state(*end == RunOutcome::kCancelled ? v1::JOB_STATE_CANCELLED
                                                     : v1::JOB_STATE_SUCCEEDED);
  }
  return outcome;
}

}  // namespace

absl::Status RunJob(const std::string& run_directory, Control* control, const JobOptions& options) {
  KUR_ASSIGN_OR_RETURN(const v1::WorkerSpec spec, ReadSpec(run_directory));
  const std::string& folder = spec.run_directory();
  FileSystem& files = FilesWithoutLinks();
  KUR_ASSIGN_OR_RETURN(const auto broker,
                       StartBroker(spec, options.is_confined, options.has_secrets));
  if (options.is_confined) KUR_RETURN_IF_ERROR(server::ConfineWorker());
  KUR_ASSIGN_OR_RETURN(const auto spool, Spool::Open(files, JoinPath(folder, kSpoolFile),
                                                     spec.acknowledged_sequence()));
  control->IgnoreUpTo(spool->last_command_done());
  Uplink uplink({[&broker] { return broker->ConnectToServer(); }, spec.job(), spec.secret(),
                 spec.attempt(), spec.run_directory_id()},
                spool.get(), control);
  const PathResolver paths = MakeResolver(spec);
  SpoolSink spool_sink(spool.get());
  PackingSink packing_sink(&spool_sink);
  ThinningSink sink(&packing_sink, {spec.event_bytes(), spec.event_bytes_used(),
                                    [&spool] { return spool->appended_bytes(); }});
  Reporter reporter(paths, &sink,
                    {JoinPath(folder, kArtifactFolder), options.process_start, &files});
  absl::StatusOr<RunOutcome> end = RunOutcome::kSucceeded;
  if (!options.kernels.ok()) {
    end = options.kernels.status();
  } else {
    for (const std::string& left : *options.kernels) reporter.OnLog(LogLevel::kWarning, left);
    end = RunKurfile(spec, paths, broker, {&reporter, &reporter, control});
  }
  // Before the outcome, which counts after a loss of power.
  const absl::Status reported = reporter.Sync();
  if (end.ok() && !reported.ok()) end = Annotate(reported, "reporting events");

  v1::Outcome outcome = ToOutcome(end);
  outcome.set_last_sequence(spool->last_sequence());
  spdlog::info("{} {}", v1::JobState_Name(outcome.state()), outcome.reason());
  KUR_RETURN_IF_ERROR(
      WriteFileAtomically(files, JoinPath(folder, kOutcomeFile), outcome.SerializeAsString()));
  const absl::Duration deadline = Uptime() + kFarewell;
  while (uplink.connected() && Uptime() < deadline &&
         !spool->AwaitAcknowledged(absl::Milliseconds(100))) {
  }
  return absl::OkStatus();
}

}  // namespace kur::worker
