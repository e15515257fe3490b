#ifndef KUR_ENGINE_TRAIN_TRAINING_SETUP_H_
#define KUR_ENGINE_TRAIN_TRAINING_SETUP_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/kurfile/kurfile.h"
#include "engine/train/run.h"
#include "engine/train/training.h"

namespace kur {

// Builds the training that a Kurfile describes and puts it where an earlier process of the run has
// left it, or at its beginning. Not thread-safe; one object builds once.
class TrainingSetup {
 public:
  // Everything is borrowed; a training refers to all of it but the setup.
  TrainingSetup(const Kurfile& kurfile, const PathResolver& paths, const RunOptions& options,
                const RunHost& host)
      : kurfile_(kurfile), paths_(paths), options_(options), host_(host) {}

  // Errors say what in the Kurfile, the data or the files does not fit.
  absl::StatusOr<Training> Build();

 private:
  const TrainSection& train() const { return *kurfile_.sections().train; }

  // Finds the position that an earlier process of this run left, if one did.
  void FindPosition();
  void FindCheckpoint(const absl::Status& damage);

  absl::StatusOr<std::shared_ptr<ModelEncodings>> FindEncodings() const;
  // Opens the data and builds what does not depend on the position.
  absl::StatusOr<Training> OpenSets();
  absl::StatusOr<Augmenter> BuildAugmenter(const BatchProvider& provider,
                                           const Objective& objective) const;
  absl::StatusOr<std::unique_ptr<DeterministicAlgorithms>> SetUpNumerics();
  void BuildOptimizer(Training* training) const;

  // Brings the training to `position_`.
  absl::Status OpenLog(Training* training);
  absl::Status Restore(Training* training) const;
  absl::Status LoadInitialWeights(Training* training);
  void SetLimits(const Training& training);

  const Kurfile& kurfile_;
  const PathResolver& paths_;
  const RunOptions& options_;
  const RunHost host_;

  TrainingPosition position_;
  std::string resumed_from_;  // the file that the run goes on from; empty: it begins
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_TRAINING_SETUP_H_
