#ifndef KUR_TESTS_SERVER_TESTING_TEST_SERVER_H_
#define KUR_TESTS_SERVER_TESTING_TEST_SERVER_H_

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/sha256.h"
#include "server/auth/authenticator.h"
#include "server/jobs/job_manager.h"
#include "server/secrets/secret_vault.h"
#include "tests/server/testing/failing_file_system.h"
#include "tests/server/testing/fake_launcher.h"
#include "tests/server/testing/in_process_evaluator.h"
#include "tests/server/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace kur::server {

// One CPU slot a job, `count` of them.
class FakeInventory : public DeviceInventory {
 public:
  explicit FakeInventory(int count) {
    for (int i = 0; i < count; ++i) {
      Device device;
      device.name = absl::StrCat("cpu", i);
      device.processors = {i};
      device.threads = 1;
      devices_.push_back(device);
    }
  }
  std::vector<Device> devices() const override {
    const absl::MutexLock lock(&mutex_);
    return devices_;
  }
  absl::StatusOr<DeviceUsage> Usage(const Device&) const override { return DeviceUsage(); }
  void SetHeld(const std::set<std::string>& names) override {
    const absl::MutexLock lock(&mutex_);
    held_ = names;
  }
  void SetOnChange(std::function<void()> on_change) override {
    const absl::MutexLock lock(&mutex_);
    on_change_ = std::move(on_change);
  }

  void RemoveAll() {
    const absl::MutexLock lock(&mutex_);
    devices_.clear();
  }
  // Says why the first device takes no jobs, "" if it does, and that this is news.
  void SetUnavailable(const std::string& reason) {
    std::function<void()> on_change;
    {
      const absl::MutexLock lock(&mutex_);
      devices_[0].unavailable = reason;
      on_change = on_change_;
    }
    if (on_change) on_change();
  }
  std::set<std::string> held() const {
    const absl::MutexLock lock(&mutex_);
    return held_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<Device> devices_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> held_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> on_change_ ABSL_GUARDED_BY(mutex_);
};

// A job manager with everything it needs on a state directory of its own, and workers that only
// pretend. "kurd" can die and come back while the workers go on.
class TestServer {
 public:
  explicit TestServer(int slots = 1) : inventory_(slots) {
    EXPECT_THAT(files.MakeDirectories(layout.runs(), 0700), IsOk());
    Start();
    for (const std::string& user :
         {std::string("ann"), std::string("bob"), Authenticator::LocalUser()}) {
      Upload(kData, user);
    }
  }

  // Returns when everything that is due has been done, if that is to be awaited.
  void Start(bool wait = true) {
    database = *StateDatabase::Open(layout.database(), vfs);
    store = std::make_unique<JobStore>(*database);
    secret_store = std::make_unique<SecretStore>(*database);
    SecretVault::Options secrets_options;
    secrets_options.key_path = key_directory.File("secrets.key");
    secrets_options.now = [this] { return Now(); };
    secrets = *SecretVault::Open(*secret_store, secrets_options);
    blobs = *BlobStore::Open(files, layout.blobs(), {}, [this] { return Now(); });
    JobEnvironment environment;
    environment.files = &files;
    environment.layout = &layout;
    environment.database = database.get();
    environment.store = store.get();
    environment.blobs = blobs.get();
    environment.secrets = secrets.get();
    environment.evaluator = &evaluator_;
    environment.launcher = &launcher;
    environment.inventory = &inventory_;
    environment.policy = policy_.get();
    environment.dispatcher = &dispatcher;
    environment.metrics = &metrics;
    environment.cancel_grace = cancel_grace;
    environment.terminate_grace = absl::ZeroDuration();
    environment.now = [this] { return Now(); };
    environment.boot_id = boot_id;
    environment.event_bytes = event_bytes;
    environment.job_bytes = job_bytes;
    environment.uptime = [this] {
      ++clock_readings;
      return Uptime() + absl::Seconds(seconds_passed.load());
    };
    auto started = JobManager::Start(environment);
    ASSERT_THAT(started, IsOk());
    jobs = *std::move(started);
    if (wait) jobs->WaitUntilIdle();
  }

  void Crash() {
    jobs.reset();
    launcher.ForgetWatchers();
    blobs.reset();
    secrets.reset();
    secret_store.reset();
    store.reset();
    database.reset();
  }

  // Only while "kurd" is dead.
  void RemoveDevices() { inventory_.RemoveAll(); }

  void Restart() {
    Crash();
    Start();
  }

  void Upload(const std::string& content, const std::string& user = "ann") {
    auto upload =
        blobs->BeginUpload(user, Sha256Hex(content), static_cast<int64_t>(content.size()), 0);
    ASSERT_THAT(upload, IsOk());
    ASSERT_THAT((*upload)->Write(content), IsOk());
    ASSERT_THAT((*upload)->Finish(), IsOk());
  }

  // The time of day.
  absl::Time Now() const {
    return absl::Now() + absl::Seconds(seconds_passed.load() + seconds_stepped.load());
  }

  const FakeInventory& inventory() const { return inventory_; }
  FakeInventory& inventory() { return inventory_; }

  // A submission that is accepted.
  static v1::SubmitJobRequest Request(const std::string& id) {
    v1::SubmitJobRequest request;
    request.set_request_id(id);
    request.set_kurfile("cifar.yml");
    v1::SourceFile& source = *request.add_sources();
    source.set_path("cifar.yml");
    source.set_content(kKurfile);
    v1::Input& input = *request.add_inputs();
    input.set_path("data.pkl");
    input.set_sha256(Sha256Hex(kData));
    input.set_size(static_cast<int64_t>(std::string(kData).size()));
    return request;
  }

  // Stores a secret.
  void SetSecret(const std::string& name, const std::string& value,
                 const std::string& user = "ann") {
    v1::SetSecretRequest request;
    request.set_name(name);
    request.set_value(value);
    EXPECT_THAT(secrets->Set(user, request), IsOk());
  }

  // Submits, and lets what follows from it happen.
  std::string Submit(const std::string& id, const std::string& user = "ann") {
    const auto job = jobs->Submit({user}, Request(id));
    EXPECT_THAT(job, IsOk());
    jobs->WaitUntilIdle();
    return job.ok() ? job->name() : "";
  }

  v1::Job Get(const std::string& name, const std::string& user = "ann") {
    const auto job = jobs->Get({user}, name);
    EXPECT_THAT(job, IsOk());
    return job.value_or(v1::Job());
  }

  std::vector<v1::Event> Events(const std::string& name, const std::string& user = "ann") {
    std::vector<v1::Event> events;
    const auto log = jobs->Events({user}, name);
    EXPECT_THAT(log, IsOk());
    if (!log.ok()) return events;
    EventCursor cursor = (*log)->CursorAt(1);
    v1::Event event;
    while ((*log)->Read(&cursor, &event).value_or(false)) events.push_back(event);
    return events;
  }

  // The states that the job's events announce.
  std::vector<v1::JobState> States(const std::string& name) {
    std::vector<v1::JobState> states;
    for (const v1::Event& event : Events(name)) {
      if (event.has_state_changed()) states.push_back(event.state_changed().state());
    }
    return states;
  }

  // What job.pb tells the worker.
  v1::WorkerSpec Spec(const std::string& name) {
    v1::WorkerSpec spec;
    EXPECT_TRUE(spec.ParseFromString(*files.Read(layout.Run(name) + "/job.pb", 1 << 20)));
    return spec;
  }

  void LeaveOutcome(const std::string& name, v1::JobState state, const std::string& reason) {
    v1::Outcome outcome;
    outcome.set_state(state);
    outcome.set_reason(reason);
    ASSERT_THAT(
        WriteFileAtomically(files, layout.Run(name) + "/outcome.pb", outcome.SerializeAsString()),
        IsOk());
  }

  // The worker ends, with or without an outcome.
  void EndWorker(const std::string& name, const WorkerExit& exit) {
    launcher.End(name, exit);
    jobs->WaitUntilIdle();
  }
  void EndWorker(const std::string& name, v1::JobState state, const std::string& reason = "") {
    LeaveOutcome(name, state, reason);
    EndWorker(name, ExitedWith(0));
  }

  static constexpr char kData[] = "what the Kurfile calls data.pkl";
  static constexpr char kKurfile[] = R"(
model:
  - input: {shape: [28, 28, 1]}
    name: images
  - flatten:
  - dense: 10
  - activation: softmax
    name: labels
train:
  data:
    - pickle: data.pkl
  epochs: 1
  optimizer: adam
  weights:
    last: last.w
loss:
  - target: labels
    name: categorical_crossentropy
)";

  TemporaryDirectory directory;
  TemporaryDirectory key_directory;  // the key for secrets
  FailingFileSystem files;
  StateLayout layout{directory.path()};
  FakeLauncher launcher;
  EventDispatcher dispatcher;
  Metrics metrics{"test"};
  std::string vfs;  // see StateDatabase
  absl::Duration cancel_grace = absl::InfiniteDuration();
  std::string boot_id = "this boot";
  int64_t event_bytes = 0;
  UserQuota::Limits job_bytes = {int64_t{1} << 30, int64_t{1} << 30};
  std::atomic<int64_t> seconds_stepped{0};  // that the time of day was set
  std::atomic<int64_t> seconds_passed{0};   // more than the clocks say
  std::atomic<int64_t> clock_readings{0};
  std::unique_ptr<StateDatabase> database;
  std::unique_ptr<JobStore> store;
  std::unique_ptr<SecretStore> secret_store;
  std::unique_ptr<SecretVault> secrets;
  std::unique_ptr<BlobStore> blobs;

 private:
  FakeInventory inventory_;
  InProcessEvaluator evaluator_;
  std::unique_ptr<SchedulingPolicy> policy_ = MakeFifoPolicy();

 public:
  // Last, so that it is destroyed before what it uses.
  std::unique_ptr<JobManager> jobs;
};

// A worker's connection to its job.
class FakeLink : public WorkerLink {
 public:
  void SendCommand(const v1::Command& command) override { commands.push_back(command); }
  void Close(const absl::Status& status) override { closed = status; }

  // "cancel", "checkpoint 1": what was sent, in order.
  std::vector<std::string> Sent() const {
    std::vector<std::string> sent;
    for (const v1::Command& command : commands) {
      sent.push_back(command.has_cancel() ? "cancel" : absl::StrCat("checkpoint ", command.id()));
    }
    return sent;
  }

  std::vector<v1::Command> commands;
  std::optional<absl::Status> closed;
};

// What a worker does: connects with the secret of its job.pb and reports events.
class FakeWorker {
 public:
  FakeWorker(TestServer& server, std::string job) : server_(server), job_(std::move(job)) {}

  absl::StatusOr<int64_t> Connect() {
    link = std::make_shared<FakeLink>();
    auto active = server_.jobs->JobOfWorker(job_);
    if (!active.ok()) return active.status();
    active_ = *active;
    v1::Hello hello;
    hello.set_job(job_);
    hello.set_secret(server_.Spec(job_).secret());
    hello.set_attempt(server_.Spec(job_).attempt());
    hello.set_run_directory_id(server_.Spec(job_).run_directory_id());
    auto connected = active_->Connect(hello, link);
    if (connected.ok()) active_->OnWelcomed();
    return connected;
  }

  // Reports events; they are numbered from `next_sequence`.
  absl::StatusOr<int64_t> Report(std::vector<v1::Event> events) {
    for (v1::Event& event : events) event.set_worker_sequence(next_sequence++);
    return active_->AppendWorkerEvents(link.get(), std::move(events));
  }
  absl::StatusOr<int64_t> Report(const v1::Event& event) {
    return Report(std::vector<v1::Event>{event});
  }

  // Gives a sign of life.
  absl::Status Beat(absl::Duration processor_time) {
    v1::Heartbeat heartbeat;
    heartbeat.set_processor_seconds(absl::ToDoubleSeconds(processor_time));
    return active_->OnHeartbeat(link.get(), heartbeat);
  }

  static v1::Event Started(int64_t resumed_at_batch = 0) {
    v1::Event event;
    event.mutable_started()->set_layers(4);
    event.mutable_started()->set_resumed_at_batch(resumed_at_batch);
    return event;
  }
  static v1::Event Batches(int64_t epoch, int64_t first, int count) {
    v1::Event event;
    event.mutable_batch_losses()->set_epoch(epoch);
    event.mutable_batch_losses()->set_first_batch(first);
    for (int i = 0; i < count; ++i) event.mutable_batch_losses()->add_losses(1.0F);
    return event;
  }

  // Several epochs in one event.
  static v1::Event PackedEpochs(int rounds) {
    v1::Event event;
    v1::PackedEvents& packed = *event.mutable_packed();
    packed.set_rounds(rounds);
    packed.add_first()->mutable_epoch_started()->set_epoch(1);
    packed.add_first()->mutable_epoch_finished()->set_epoch(1);
    for (int i = 0; i < 2 * (rounds - 1); ++i) packed.add_times(1000);
    v1::PackedColumn& epoch = *packed.add_columns();
    epoch.add_steps(1);
    for (int i = 0; i < 2; ++i) {
      v1::PackedField& field = *epoch.add_fields();
      field.set_event(i);
      field.set_field(1);
    }
    return event;
  }

  static v1::Event Saved(int64_t batch) {
    v1::Event event;
    event.mutable_saved()->set_batch(batch);
    return event;
  }

  static v1::Event Done(int64_t command) {
    v1::Event event;
    event.mutable_command_done()->set_id(command);
    return event;
  }

  std::shared_ptr<FakeLink> link;
  int64_t next_sequence = 1;

 private:
  TestServer& server_;
  const std::string job_;
  std::shared_ptr<ActiveJob> active_;
};

}  // namespace kur::server

#endif  // KUR_TESTS_SERVER_TESTING_TEST_SERVER_H_
