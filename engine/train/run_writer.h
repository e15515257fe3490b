#ifndef KUR_ENGINE_TRAIN_RUN_WRITER_H_
#define KUR_ENGINE_TRAIN_RUN_WRITER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/optimizers/optimizer.h"
#include "engine/train/checkpoint.h"
#include "engine/train/kur_log.h"
#include "engine/train/model.h"
#include "engine/train/run.h"
#include "engine/train/weight_average.h"

namespace kur {

// Writes what a training leaves behind: weights and checkpoints for the owner, and the file from
// which another process goes on. Makes the bytes of a state once, however many files they go to.
// One thread at a time.
class RunWriter {
 public:
  // What a training consists of. Everything is borrowed.
  struct Parts {
    Model* model = nullptr;
    Optimizer* optimizer = nullptr;
    std::string optimizer_kind;
    WeightAverage* average = nullptr;  // may be null
    KurLog* log = nullptr;             // may be null
    std::string encodings;             // see Checkpoint
    std::string encodings_summary;     // what is said of them beside each file
    // Returns where the training stands; its `log_commit` is not looked at.
    std::function<TrainingPosition()> position;
  };

  // `log_commit` is that of the position that the run goes on from.
  RunWriter(Parts parts, const RunOptions& options, const RunHost& host, std::string log_commit);

  // Notes that anything of the training has changed.
  void StateChanged() { serialized_.clear(); }

  // Writes a checkpoint file; `file` may have placeholders. OUT_OF_RANGE, and nothing is written,
  // if a weight is not finite: what the file held before is worth more.
  absl::Status WriteWeights(const FileReference& file, const std::string& description);

  // Writes the state with the samples of the batch that is at fault, as indices into the sources.
  absl::Status WriteEvidence(const FileReference& file, const std::vector<int64_t>& samples);

  // Writes the file from which another process goes on, if it is time to or `now`.
  absl::Status WriteResumeFileIfDue(bool now);

  // Makes the rows of the log durable, if there is one, and notes how far it is for the positions
  // that are written: a run that goes on from one can take the log back to it.
  absl::Status CommitLog();

 private:
  Checkpoint MakeCheckpoint() const;
  absl::Status CheckFinite(const FileReference& file) const;
  absl::StatusOr<const std::string*> Serialized();
  absl::Status WriteArtifact(const FileReference& file, const std::string& description,
                             const std::string& content);
  std::string ExpandPath(const std::string& path) const;

  const Parts parts_;
  const RunOptions& options_;
  const RunHost host_;
  std::string log_commit_;    // KurLog::committed() of the last CommitLog()
  std::string serialized_;    // of the current state; empty: not made yet
  double next_resume_write_;  // on MonotonicSeconds()' clock
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_RUN_WRITER_H_
