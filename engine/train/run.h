#ifndef KUR_ENGINE_TRAIN_RUN_H_
#define KUR_ENGINE_TRAIN_RUN_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/file_system.h"
#include "engine/base/path_resolver.h"
#include "engine/data/source_summary.h"
#include "engine/download/fetch.h"
#include "engine/kurfile/kurfile.h"

namespace kur {

// What a run says when it begins.
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
  double data_seconds = 0;   // of these, how long this process waited for samples
  double learning_rate = 0;  // of the last step
};

// The result of a pass over a validation or test set.
struct Measurement {
  std::string section;  // "validate" or "test"
  std::string set;      // empty where the section has one set
  int64_t epoch = 0;    // completed
  double loss = 0;
  std::map<std::string, double> losses;   // by output
  std::map<std::string, double> metrics;  // "accuracy"
  int64_t samples = 0;
  double seconds = 0;
};

// A file that a run writes for its owner.
struct ArtifactInfo {
  enum class Kind { kCheckpoint, kResult };
  FileReference file;
  Kind kind = Kind::kCheckpoint;
  std::string description;  // "best validation loss"
  int64_t epoch = 0;        // completed when it was written
  int64_t batch = 0;        // trained in all when it was written
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

// Hears what happens in a run and takes what it writes. All calls but OnLog(), which may come from
// any, come from the thread of the run; a call should return quickly, as training waits for it.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void OnStarted(const RunStarted& started) = 0;
  virtual void OnEpochStarted(const EpochStarted& epoch) = 0;
  virtual void OnBatch(const BatchDone& batch) = 0;
  virtual void OnEpochFinished(const EpochFinished& epoch) = 0;
  // A file of the data is being downloaded; `path` as the Kurfile gives it. A few calls a second.
  virtual void OnDownloadProgress(const std::string& path, int64_t bytes, int64_t total) = 0;
  // `total` is 0 where it is not known, here and above.
  virtual void OnPassProgress(const std::string& section, int64_t samples, int64_t total) = 0;
  virtual void OnMeasured(const Measurement& measurement) = 0;
  virtual void OnDataInspected(const DataReport& report) = 0;
  virtual void OnLog(LogLevel level, const std::string& text) = 0;

  // Writes `content` durably and in one step to where `info.file` says.
  virtual absl::Status WriteArtifact(const ArtifactInfo& info, const std::string& content) = 0;

  // Makes everything that was reported so far durable. Called before the run writes what it goes on
  // from: after a loss of power nothing is missing of what came before that.
  virtual absl::Status Sync() = 0;

  // Asked after every batch: whether the run is to end early, and whether a checkpoint is wanted
  // (which is then taken as given).
  virtual bool CancelRequested() = 0;
  virtual bool TakeCheckpointRequest() = 0;
};

// What Mode::kInspect looks at.
struct InspectionOptions {
  std::string section;  // empty: all that there are
  int64_t samples = 5;  // of each set, to be shown
};

struct RunOptions {
  Mode mode = Mode::kTrain;
  // Of the order of the data, of fresh weights and of dropout.
  uint64_t seed = 0;
  // As torch names it: "cpu", "cuda:0".
  std::string device = "cpu";
  // CPU threads to compute with; 0: as many as torch takes.
  int threads = 0;
  InspectionOptions inspection;
  // How data that is not here is downloaded.
  FetchOptions fetch;
  // A folder for data that do not fit into a quarter of the memory; empty: they stay in memory.
  std::string scratch_folder;
  // Where training keeps what it needs to go on after the process was killed; empty: nowhere.
  std::string resume_path;
  // A folder of what this run has written before, under the names that the Kurfile gives; empty: it
  // is not known. Where the file at `resume_path` is damaged, the run goes on from the newest good
  // checkpoint in it.
  std::string written_folder;
  // The least time between two writes of it, in seconds. A write that takes long makes it longer,
  // so that writing costs at most about 2 % of the time.
  double resume_interval_seconds = 15;
  // Where checkpoints and the log are written.
  FileSystem* files = &FileSystem::Posix();
};

enum class RunEnd { kSucceeded, kCancelled };

// Trains, tests, evaluates or inspects as the Kurfile says. Blocks until the end; an error says
// what, where and what to do.
absl::StatusOr<RunEnd> Run(const Kurfile& kurfile, const PathResolver& paths,
                           const RunOptions& options, RunObserver* observer);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_RUN_H_
