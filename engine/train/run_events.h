#ifndef KUR_ENGINE_TRAIN_RUN_EVENTS_H_
#define KUR_ENGINE_TRAIN_RUN_EVENTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/data/source_summary.h"

namespace kur {

// What a run reports when it begins.
struct RunStarted {
  int64_t parameters = 0;
  int64_t layers = 0;
  int64_t samples = 0;           // of the set that the mode works on
  int64_t resumed_at_batch = 0;  // batches of this run that an earlier attempt did
  std::string device;            // as torch names it
  int threads = 0;
};

struct EpochStarted {
  int64_t epoch = 0;       // from 1
  int64_t last_epoch = 0;  // 0: no limit
  int64_t batches = 0;
  int64_t samples = 0;
};

struct BatchDone {
  int64_t epoch = 0;     // from 1
  int64_t batch = 0;     // from 1, in the epoch
  int64_t size = 0;      // samples
  double loss = 0;       // summed over the outputs
  int64_t samples = 0;   // of the epoch, up to and including this batch
  double mean_loss = 0;  // of the epoch so far
};

struct EpochFinished {
  int64_t epoch = 0;  // from 1
  double loss = 0;
  std::map<std::string, double> losses;  // by output
  int64_t samples = 0;
  double seconds = 0;        // of training
  double data_seconds = 0;   // part of `seconds` in which this process waited for samples
  double learning_rate = 0;  // of the last step
};

// The result of a pass over a validation or test set.
struct EvaluationResult {
  std::string section;  // "validate" or "test"
  std::string set;      // empty where the section has one set
  int64_t epoch = 0;    // completed
  double loss = 0;
  std::map<std::string, double> losses;   // by output
  std::map<std::string, double> metrics;  // "accuracy"
  int64_t samples = 0;
  double seconds = 0;
};

enum class LogLevel { kInfo, kWarning, kError };

// What was seen of one set of data.
struct DataReport {
  struct Source {
    std::string name;
    bool is_input = false;  // of the model
    bool is_truth = false;  // that a loss compares with
    SourceSummary summary;
    std::vector<SamplePreview> samples;  // one of each of as many equal parts
  };
  // What is wrong (kError) or surely not meant (kWarning).
  struct Finding {
    LogLevel level = LogLevel::kWarning;
    std::string text;
  };

  std::string section;  // "train"
  std::string set;      // empty where the section has one set
  int64_t samples = 0;
  std::vector<Source> sources;  // by name; those that could be read
  std::vector<Finding> findings;
};

// What a run reports. All calls but OnLog(), which may come from any thread, come from the thread
// of the run; a call should return quickly, as training waits for it.
class RunEvents {
 public:
  virtual ~RunEvents() = default;
  virtual void OnStarted(const RunStarted& started) = 0;
  virtual void OnEpochStarted(const EpochStarted& epoch) = 0;
  virtual void OnBatch(const BatchDone& batch) = 0;
  virtual void OnEpochFinished(const EpochFinished& epoch) = 0;
  // Reports how much of a file of the data is downloaded, in bytes; `path` as the Kurfile gives it.
  // A few calls a second.
  virtual void OnDownloadProgress(const std::string& path, int64_t bytes, int64_t total) = 0;
  // Reports how far a pass over a set is. `total` is 0 where it is not known, here and above.
  virtual void OnPassProgress(const std::string& section, int64_t samples, int64_t total) = 0;
  virtual void OnEvaluated(const EvaluationResult& result) = 0;
  virtual void OnDataInspected(const DataReport& report) = 0;
  virtual void OnLog(LogLevel level, const std::string& text) = 0;

  // Acknowledges the command `id`: its work is done (a checkpoint is on disk), or has failed as
  // `status` says.
  // Called once for every command that the run has taken from its RunControl.
  virtual void OnCommandDone(int64_t id, const absl::Status& status) = 0;

  // Reports that the run goes on after its first `batches` batches if it is ended from now on, as
  // RunStarted::resumed_at_batch counts them.
  virtual void OnSaved(int64_t batches) = 0;

  // Makes everything that was reported so far durable. Called before the run writes what it goes on
  // from: after a loss of power nothing is missing of what came before that.
  virtual absl::Status Sync() = 0;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_RUN_EVENTS_H_
