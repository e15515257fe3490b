#include "server/worker/job_worker.h"

#include <map>
#include <string>
#include <vector>

#include "engine/base/file_system.h"
#include "engine/base/record_log.h"
#include "engine/train/stopwatch.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kur/v1/event.pb.h"
#include "kur/v1/worker.pb.h"
#include "server/protocol/worker_paths.h"
#include "server/worker/spool.h"
#include "tests/testing/temporary_directory.h"

namespace kur::worker {
namespace {

using kur::TemporaryDirectory;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kKurfile[] = R"(
model:
  - input: x
  - dense: 1
    name: y
train:
  data:
    - csv: train.csv
  provider: {batch_size: 2}
  optimizer: sgd
  epochs: 2
  weights: {last: last.w}
loss:
  - target: y
    name: mean_squared_error
)";

// Runs jobs in a run directory of its own. No kurd listens there.
class JobWorkerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_.Write("workspace/train.csv", "x,y\n1,2\n2,4\n3,6\n4,8\n");
    dir_.Write("home/.profile", "");
    dir_.Write("source/k.yml", kKurfile);
    dir_.Write("run/artifacts/.keep", "");
    WriteSpec({});
  }

  v1::WorkerSpec Spec() const {
    v1::WorkerSpec spec;
    spec.set_job("a-job");
    spec.set_mode(v1::MODE_TRAIN);
    spec.set_kurfile("k.yml");
    spec.set_source_directory(dir_.File("source"));
    spec.set_seed(17);
    spec.set_workspace(dir_.File("workspace"));
    spec.set_home(dir_.File("home"));
    spec.set_run_directory(dir_.File("run"));
    spec.set_server("unix:" + dir_.File("nobody.sock"));
    spec.set_secret("a-secret");
    spec.set_device("cpu");
    spec.set_threads(1);
    spec.set_offline(true);
    return spec;
  }

  // Writes job.pb, with what `changes` says in place of Spec().
  void WriteSpec(const v1::WorkerSpec& changes) const {
    v1::WorkerSpec spec = Spec();
    spec.MergeFrom(changes);
    dir_.Write(std::string("run/") + kSpecFile, spec.SerializeAsString());
  }

  absl::Status Run() {
    JobOptions options;
    options.process_start = MonotonicSeconds();
    options.kernels = kernels_;
    return RunJob(dir_.File("run"), &control_, options);
  }

  v1::Outcome Outcome() const {
    v1::Outcome outcome;
    EXPECT_TRUE(outcome.ParseFromString(dir_.Read(std::string("run/") + kOutcomeFile)));
    return outcome;
  }

  // All events in the spool.
  std::vector<v1::Event> Events() const {
    std::vector<v1::Event> events;
    auto reader =
        RecordLogReader::Open(FileSystem::Posix(), dir_.File(std::string("run/") + kSpoolFile));
    EXPECT_TRUE(reader.ok()) << reader.status();
    int64_t offset = 0;
    std::string record;
    while (reader.ok() && (*reader)->Read(&offset, &record).ok()) {
      EXPECT_TRUE(events.emplace_back().ParseFromString(record));
    }
    return events;
  }

  // How often each kind of event is in the spool.
  std::map<v1::Event::KindCase, int> Kinds() const {
    std::map<v1::Event::KindCase, int> kinds;
    for (const v1::Event& event : Events()) ++kinds[event.kind_case()];
    return kinds;
  }

  TemporaryDirectory dir_;
  Control control_;
  absl::StatusOr<std::vector<std::string>> kernels_ = std::vector<std::string>();
};

TEST_F(JobWorkerTest, LeavesOutcomeEventsAndArtifactsWithoutAKurd) {
  ASSERT_TRUE(Run().ok());
  const std::vector<v1::Event> events = Events();
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].worker_sequence(), static_cast<int64_t>(i) + 1);
    EXPECT_GT(events[i].time().seconds(), 0);
  }
  auto kinds = Kinds();
  EXPECT_EQ(kinds[v1::Event::kStarted], 1);
  EXPECT_EQ(kinds[v1::Event::kEpochStarted], 2);
  EXPECT_EQ(kinds[v1::Event::kEpochFinished], 2);
  EXPECT_EQ(kinds[v1::Event::kArtifactWritten], 1);
  int losses = 0;
  for (const v1::Event& event : events) losses += event.batch_losses().losses_size();
  EXPECT_EQ(losses, 4);

  const v1::Outcome outcome = Outcome();
  EXPECT_EQ(outcome.state(), v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(outcome.reason(), "");
  EXPECT_EQ(outcome.last_sequence(), static_cast<int64_t>(events.size()));
  EXPECT_TRUE(Exists(dir_.File("workspace/last.w")));
  EXPECT_EQ(dir_.Read("run/artifacts/last.w"), dir_.Read("workspace/last.w"));
}

TEST_F(JobWorkerTest, KernelsThatComputeWrongAreAFailure) {
  kernels_ = absl::InternalError("this machine's libraries compute wrong");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Outcome().state(), v1::JOB_STATE_FAILED);
  EXPECT_EQ(Outcome().reason(), "this machine's libraries compute wrong");
  EXPECT_FALSE(Exists(dir_.File("workspace/last.w")));
}

TEST_F(JobWorkerTest, KernelsThatWereLeftAreInTheLog) {
  kernels_ = {"left the kernels Zen"};
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Outcome().state(), v1::JOB_STATE_SUCCEEDED);
  const std::vector<v1::Event> events = Events();
  const auto logged = std::find_if(events.begin(), events.end(),
                                   [](const v1::Event& event) { return event.has_log_line(); });
  ASSERT_NE(logged, events.end());
  EXPECT_EQ(logged->log_line().text(), "left the kernels Zen");
  EXPECT_EQ(logged->log_line().level(), v1::LogLine::LEVEL_WARNING);
}

TEST_F(JobWorkerTest, ABadKurfileIsAFailureThatNamesThePlace) {
  dir_.Write("source/k.yml", "model: [{input: x}, {dens: 1}]\n");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Outcome().state(), v1::JOB_STATE_FAILED);
  EXPECT_THAT(Outcome().reason(), HasSubstr("k.yml:1"));
  EXPECT_THAT(Outcome().reason(), HasSubstr("dens"));
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(JobWorkerTest, DataThatIsMissingIsAFailure) {
  ASSERT_TRUE(FileSystem::Posix().Remove(dir_.File("workspace/train.csv")).ok());
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Outcome().state(), v1::JOB_STATE_FAILED);
  EXPECT_THAT(Outcome().reason(), HasSubstr("train.csv"));
}

TEST_F(JobWorkerTest, ACancelledJobWritesItsLastWeightsAndSaysSo) {
  control_.Cancel();
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Outcome().state(), v1::JOB_STATE_CANCELLED);
  auto kinds = Kinds();
  EXPECT_EQ(kinds[v1::Event::kEpochFinished], 0);
  EXPECT_EQ(kinds[v1::Event::kArtifactWritten], 1);
  EXPECT_TRUE(Exists(dir_.File("workspace/last.w")));
}

TEST_F(JobWorkerTest, ACommandIsDoneAndAcknowledged) {
  control_.Add({5, RunCommand::Kind::kCheckpoint});
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Kinds()[v1::Event::kCommandDone], 1);
  for (const v1::Event& event : Events()) {
    if (!event.has_command_done()) continue;
    EXPECT_EQ(event.command_done().id(), 5);
    EXPECT_EQ(event.command_done().code(), 0);
  }
  EXPECT_TRUE(Exists(dir_.File(std::string("run/") + kResumeFile)));
}

TEST_F(JobWorkerTest, ARestartedWorkerIgnoresACommandThatIsDone) {
  {
    auto spool = Spool::Open(FileSystem::Posix(), dir_.File(std::string("run/") + kSpoolFile));
    ASSERT_TRUE(spool.ok());
    v1::Event done;
    done.mutable_command_done()->set_id(5);
    ASSERT_TRUE((*spool)->Append(done).ok());
  }
  ASSERT_TRUE(Run().ok());
  control_.Add({5, RunCommand::Kind::kCheckpoint});
  EXPECT_FALSE(control_.TakeCommand().has_value());
  control_.Add({6, RunCommand::Kind::kCheckpoint});
  EXPECT_TRUE(control_.TakeCommand().has_value());
}

TEST_F(JobWorkerTest, NumbersGoOnBehindThoseThatKurdHas) {
  v1::WorkerSpec changes;
  changes.set_acknowledged_sequence(100);
  WriteSpec(changes);
  ASSERT_TRUE(Run().ok());
  const std::vector<v1::Event> events = Events();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.front().worker_sequence(), 101);
  EXPECT_EQ(Outcome().last_sequence(), events.back().worker_sequence());
}

TEST_F(JobWorkerTest, WithoutASpecificationThereIsNoOutcome) {
  ASSERT_TRUE(FileSystem::Posix().Remove(dir_.File(std::string("run/") + kSpecFile)).ok());
  EXPECT_FALSE(Run().ok());
  dir_.Write(std::string("run/") + kSpecFile, "\xff\xff");
  EXPECT_EQ(Run().code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(Exists(dir_.File(std::string("run/") + kOutcomeFile)));
}

}  // namespace
}  // namespace kur::worker
