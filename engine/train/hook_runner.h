#ifndef KUR_ENGINE_TRAIN_HOOK_RUNNER_H_
#define KUR_ENGINE_TRAIN_HOOK_RUNNER_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/hooks/hook.h"
#include "engine/train/results.h"
#include "engine/train/run.h"

namespace kur {

// The hooks of a section, built: those of its kinds that this version runs. Borrows
// the host's parts. Not thread-safe.
class HookRunner {
 public:
  // `network` says whom hooks may send to.
  HookRunner(const HookSpecs& specs, const RunHost& host, const FetchOptions& network);

  bool has_result_hooks() const { return !result_hooks_.empty(); }
  bool has_training_hooks() const { return !training_hooks_.empty(); }

  // Hands `data` from hook to hook and returns what the last one returned.
  absl::StatusOr<HookData> Apply(const HookData& data);
  // Tells every hook how training went so far.
  absl::Status Notify(const TrainingStatus& status, const TrainingHistory& history);

 private:
  std::unique_ptr<HookHost> host_;
  std::vector<std::unique_ptr<ResultHook>> result_hooks_;
  std::vector<std::unique_ptr<TrainingHook>> training_hooks_;
};

// Writes predictions to `file` as `format` says (see FormatResults()).
absl::Status WriteResults(const FileReference& file, const std::string& format,
                          const Predictions& predictions, ArtifactWriter* artifacts);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_HOOK_RUNNER_H_
