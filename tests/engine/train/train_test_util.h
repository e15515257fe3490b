#ifndef KUR_TESTS_ENGINE_TRAIN_TRAIN_TEST_UTIL_H_
#define KUR_TESTS_ENGINE_TRAIN_TRAIN_TEST_UTIL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/kurfile.h"
#include "engine/train/run.h"
#include "tests/testing/temporary_directory.h"

namespace kur::testing {

// One call of WriteArtifact().
struct WrittenFile {
  ArtifactInfo info;
  std::string content;
};

// Remembers everything that a run says and puts its files below a folder.
class RecordingObserver : public RunEvents, public ArtifactWriter, public RunControl {
 public:
  explicit RecordingObserver(std::string workspace) : workspace_(std::move(workspace)) {}

  // What the run said.
  std::vector<RunStarted> started;
  std::vector<EpochStarted> epochs_started;
  std::vector<BatchDone> batches;
  std::vector<EpochFinished> epochs;
  std::vector<EvaluationResult> evaluations;
  std::vector<DataReport> reports;
  std::vector<std::string> progress;
  std::vector<std::pair<LogLevel, std::string>> logs;
  std::vector<WrittenFile> written;
  std::vector<int64_t> saved;
  std::vector<std::pair<int64_t, absl::Status>> commands_done;

  // What the run is asked: to end after so many batches or measured sets, to write a checkpoint
  // after a batch, and to fail in its write of that number (from 0).
  std::optional<size_t> cancel_after_batches;
  bool cancel_in_validation = false;
  std::optional<size_t> checkpoint_after_batches;  // the command with the id 1
  std::optional<size_t> failing_write;
  absl::Status sync_status;

  // The descriptions of the files written, in order.
  std::vector<std::string> Descriptions() const;
  // All log texts, one on a line.
  std::string LogText() const;

  void OnStarted(const RunStarted& event) override { started.push_back(event); }
  void OnEpochStarted(const EpochStarted& event) override { epochs_started.push_back(event); }
  void OnBatch(const BatchDone& event) override { batches.push_back(event); }
  void OnEpochFinished(const EpochFinished& event) override { epochs.push_back(event); }
  void OnDownloadProgress(const std::string&, int64_t, int64_t) override {}
  void OnPassProgress(const std::string& section, int64_t, int64_t) override {
    progress.push_back(section);
  }
  void OnEvaluated(const EvaluationResult& event) override { evaluations.push_back(event); }
  void OnDataInspected(const DataReport& report) override { reports.push_back(report); }
  void OnLog(LogLevel level, const std::string& text) override { logs.emplace_back(level, text); }
  void OnCommandDone(int64_t id, const absl::Status& status) override {
    commands_done.emplace_back(id, status);
  }
  absl::Status WriteArtifact(const ArtifactInfo& info, const std::string& content) override;
  void OnSaved(int64_t count) override { saved.push_back(count); }
  absl::Status Sync() override { return sync_status; }
  bool IsCancelled() const override;
  std::optional<RunCommand> TakeCommand() override;

  RunHost host() { return {this, this, this}; }

 private:
  std::string workspace_;
};

// Whether torch computes in bf16 on TestDevice(): the stand-in for a card does not.
bool TestDeviceHasBf16();

// A folder with a Kurfile's data, in which runs happen one after another.
class Workspace {
 public:
  // A folder of its own.
  Workspace() : own_(std::in_place), path_(own_->path()) {}
  // A folder that is there.
  explicit Workspace(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }
  void Write(const std::string& name, const std::string& content) const;

  // Writes a pickle of `samples` points in the square from -1 to 1 ("point", two numbers) and
  // whether they lie above a curve ("above", 1 or -1).
  void WritePoints(const std::string& name, int64_t samples, uint32_t seed = 1) const;

  // Runs a Kurfile with one CPU thread, on TestDevice() if the options do not say another.
  absl::StatusOr<RunOutcome> Run(const std::string& kurfile, RecordingObserver* observer,
                                 RunOptions options = {}) const;

 private:
  std::optional<TemporaryDirectory> own_;
  std::string path_;
};

// The float32 tensors of a checkpoint file, and where training stood.
using FloatTensors = std::map<std::string, std::vector<float>>;
FloatTensors WeightsIn(const std::string& path);
FloatTensors OptimizerStateIn(const std::string& path);

// Loads a Kurfile from text; fails the test if that does not work.
Kurfile LoadText(const std::string& text);

}  // namespace kur::testing

#endif  // KUR_TESTS_ENGINE_TRAIN_TRAIN_TEST_UTIL_H_
