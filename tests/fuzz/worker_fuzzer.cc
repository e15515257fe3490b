// Anything that a worker can send, and leave in its run directory when it ends.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/path_resolver.h"
#include "engine/base/record_log.h"
#include "server/jobs/active_job.h"
#include "server/protocol/job_state.h"
#include "server/protocol/worker_paths.h"
#include "spdlog/spdlog.h"
#include "tests/fuzz/fuzzing.h"
#include "tests/fuzz/inputs.pb.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/server/testing/fake_launcher.h"

KUR_FUZZ_MESSAGES(kur::fuzz::WorkerRun)

namespace kur::server {
namespace {

using fuzz::Require;

class OneSlot : public DeviceInventory {
 public:
  OneSlot() : devices_(1) { devices_[0].name = "cpu0"; }
  std::vector<Device> devices() const override { return devices_; }
  absl::StatusOr<DeviceUsage> Usage(const Device&) const override { return DeviceUsage(); }

 private:
  std::vector<Device> devices_;
};

class Link : public WorkerLink {
 public:
  void SendCommand(const v1::Command&) override {}
  void Close(const absl::Status&) override {}
};

// What jobs need of kurd, on a state directory of its own.
class Server {
 public:
  Server() {
    spdlog::set_level(spdlog::level::off);
    environment.layout = &layout;
    environment.database = database_.get();
    environment.store = &store;
    environment.blobs = blobs_.get();
    environment.launcher = &launcher;
    environment.inventory = &inventory_;
    environment.dispatcher = &dispatcher_;
    environment.metrics = &metrics_;
  }

  // A job whose worker has been started.
  std::shared_ptr<ActiveJob> StartJob() {
    NewJob job;
    job.base_name = "job";
    job.owner = "ann";
    job.project = "default";
    job.request_id = absl::StrCat(++requests_);
    job.submitted_at = absl::UnixEpoch();
    job.frozen.set_secret("secret");
    job.frozen.mutable_devices()->set_count(1);
    bool inserted = false;
    const auto record = store.Insert(job, &inserted);
    Require(record.ok() && inserted);
    Require(FileSystem::Posix().MakeDirectories(layout.Run(record->name)).ok());
    auto active = std::make_shared<ActiveJob>(environment, on_change_, *record);
    Require(active->Start({"cpu0"}).ok() && active->ClaimLaunch());
    active->Launch();
    return active;
  }

 private:
  const TemporaryDirectory directory_;

 public:
  const StateLayout layout{directory_.path()};
  JobEnvironment environment;

 private:
  const std::unique_ptr<StateDatabase> database_ = StateDatabase::Open(layout.database()).value();
  const std::unique_ptr<BlobStore> blobs_ =
      BlobStore::Open(FileSystem::Posix(), layout.blobs()).value();
  OneSlot inventory_;
  EventDispatcher dispatcher_;
  Metrics metrics_{"fuzz"};
  const std::function<void()> on_change_ = [] {};
  int64_t requests_ = 0;

 public:
  JobStore store{*database_};
  FakeLauncher launcher;
};

// The connections of one worker, one after the other.
class Worker {
 public:
  explicit Worker(ActiveJob& job) : job_(job) {}

  void Send(const v1::WorkerMessage& message) {
    const absl::Status handled = Handle(message);
    if (handled.ok()) return;
    fuzz::RequireSendableRefusal(handled);
    link_.reset();
  }

 private:
  absl::Status Handle(const v1::WorkerMessage& message) {
    if (message.has_hello()) return Connect(message.hello());
    if (link_ == nullptr) return absl::OkStatus();
    if (message.has_heartbeat()) return job_.OnHeartbeat(link_.get(), message.heartbeat());
    const auto& batch = message.events().events();
    const auto acknowledged = job_.AppendWorkerEvents(link_.get(), {batch.begin(), batch.end()});
    if (!acknowledged.ok()) return acknowledged.status();
    Require(*acknowledged >= acknowledged_);
    acknowledged_ = *acknowledged;
    return absl::OkStatus();
  }

  absl::Status Connect(const v1::Hello& hello) {
    auto link = std::make_shared<Link>();
    const auto acknowledged = job_.Connect(hello, link);
    if (!acknowledged.ok()) return acknowledged.status();
    Require(hello.secret() == "secret" && *acknowledged == acknowledged_);
    link_ = std::move(link);
    job_.OnWelcomed();
    return absl::OkStatus();
  }

  ActiveJob& job_;
  std::shared_ptr<Link> link_;
  int64_t acknowledged_ = 0;
};

// Writes what the worker leaves behind.
void Leave(const fuzz::WorkerRun& run, const std::string& directory) {
  FileSystem& files = FileSystem::Posix();
  const std::string spool = JoinPath(directory, worker::kSpoolFile);
  {
    const auto writer = RecordLogWriter::Open(files, spool);
    Require(writer.ok());
    for (const v1::Event& event : run.spooled()) {
      Require((*writer)->Append(event.SerializeAsString()).ok());
    }
  }
  Require((*files.OpenForAppend(spool, /*truncate=*/false))->Append(run.spool_rest()).ok());
  Require((*files.OpenForAppend(directory + "/worker.log", true))->Append(run.log()).ok());
  if (!run.has_outcome()) return;
  const std::string outcome = JoinPath(directory, worker::kOutcomeFile);
  Require((*files.OpenForAppend(outcome, /*truncate=*/true))->Append(run.outcome()).ok());
}

// Requires that clients can be told of the job.
void RequireSendable(const v1::Job& job) {
  v1::Job read;
  Require(read.ParseFromString(job.SerializeAsString()));
}

// Requires that the events, which alone tell the job's story later, can be read, and end with the
// job's state.
void RequireReadable(Server& server, const JobRecord& record) {
  const auto journal = JobJournal::Open(FileSystem::Posix(), server.layout.Events(record.name),
                                        *server.environment.dispatcher, record);
  Require(journal.ok());
  const EventLog& log = *(*journal)->log();
  Require(log.ended() && log.tracker().announced_state() == record.state);
  EventCursor cursor = log.CursorAt(1);
  v1::Event event;
  int64_t sequence = 0;
  for (int64_t i = 0; i < log.last_number(); ++i) {
    Require(log.Read(&cursor, &event).value_or(false));
    if (event.worker_sequence() != 0) Require(event.worker_sequence() == ++sequence);
  }
}

}  // namespace
}  // namespace kur::server

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using kur::fuzz::Require;
  static auto* const server = new kur::server::Server;
  kur::fuzz::WorkerRun run;
  if (!run.ParseFromArray(data, static_cast<int>(size))) return 0;
  const auto job = server->StartJob();
  const std::string directory = server->layout.Run(job->name());
  kur::server::Worker worker(*job);
  for (const auto& message : run.messages()) worker.Send(message);
  kur::server::RequireSendable(job->Describe());
  kur::server::Leave(run, directory);
  server->launcher.End(job->name(), run.signal() != 0
                                        ? kur::server::KilledBy(static_cast<int>(run.signal() % 64))
                                        : kur::server::ExitedWith(run.exit_code() % 256));
  if (job->ClaimSpool()) job->ReadSpool();
  job->RunDueWork();
  kur::server::RequireSendable(job->Describe());
  // One that waits to be started again is ended; one that has ended is not.
  job->Cancel().IgnoreError();
  job->RunDueWork();
  Require(job->IsSettled());
  const auto record = server->store.FindByName(job->name());
  Require(record.ok() && record->has_value() && kur::IsFinal((*record)->state));
  kur::server::RequireReadable(*server, **record);
  const std::vector<kur::v1::Artifact> artifacts = server->store.Artifacts((*record)->id).value();
  for (const auto& artifact : artifacts) {
    Require(kur::NormalizeRelativePath(artifact.path()).ok() && artifact.size() >= 0);
  }
  std::filesystem::remove_all(directory);
  return 0;
}
