#ifndef KUR_ENGINE_HOOKS_HOOK_H_
#define KUR_ENGINE_HOOKS_HOOK_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/registry.h"
#include "engine/hooks/result_labels.h"
#include "engine/hooks/training_history.h"
#include "engine/kurfile/specs/hook_spec.h"

namespace kur {

// One sample of an output as symbols: characters, words or classes.
struct SymbolSample {
  std::vector<std::string> predicted;
  std::vector<std::string> truth;
};

// The outputs of a model and the truth, by the name of the output.
struct HookData {
  // (samples, ...), float32, on the CPU. `truth` lacks outputs without a truth in the data.
  std::map<std::string, at::Tensor> result;
  std::map<std::string, at::Tensor> truth;
  ResultLabels labels;
  // The first sample of the inputs and outputs whose sources have symbols (see Source::symbols()).
  std::map<std::string, std::vector<std::string>> input_symbols;
  std::map<std::string, SymbolSample> output_symbols;
};

// The progress of a training.
struct TrainingStatus {
  enum class Phase { kStarted, kRunning, kEnded };
  Phase phase = Phase::kStarted;
  int64_t epochs = 0;                   // completed
  std::optional<int64_t> total_epochs;  // absent: epochs do not limit the training
  // The latest losses; absent before the first.
  std::optional<double> training_loss;
  std::optional<double> validation_loss;
};

// The services of a run that a hook may use. Called by the thread of the run only.
class HookHost {
 public:
  virtual ~HookHost() = default;

  // Show a line, or a warning, to those who follow the run.
  virtual void Print(const std::string& line) = 0;
  virtual void Warn(const std::string& line) = 0;

  // Writes a file for the owner of the run, durably and atomically. `description` says in a few
  // words what the file is.
  virtual absl::Status WriteFile(const FileReference& file, const std::string& description,
                                 const std::string& content) = 0;
  // Writes `data` in a format of `evaluate.destination`.
  virtual absl::Status WriteResults(const FileReference& file, const std::string& format,
                                    const HookData& data) = 0;
  // Posts JSON to a server with PostJson(), if the operator's network rules allow the address.
  // `bearer` is the token of the Authorization header; empty: none. Returns the response's body.
  virtual absl::StatusOr<std::string> Post(const std::string& url, const std::string& bearer,
                                           const std::string& json) = 0;
};

// Receives the outputs of a model: all outputs of an evaluation, or the first batch of a set after
// a test or a validation. Not thread-safe: called by the thread of the run only.
class ResultHook {
 public:
  virtual ~ResultHook() = default;
  // `original` are the outputs of the model, `current` the result of the previous hook. Returns the
  // data for the next hook.
  virtual absl::StatusOr<HookData> Apply(HookData current, const HookData& original,
                                         HookHost* host) = 0;
};

// Is notified of the progress of a training. Not thread-safe: called by the thread of the run only,
// which waits.
class TrainingHook {
 public:
  virtual ~TrainingHook() = default;
  // Called at the start, at the end, and after epochs and their validations. Epochs that follow a
  // call too soon are skipped.
  virtual absl::Status Notify(const TrainingStatus& status, const TrainingHistory& history,
                              HookHost* host) = 0;
};

// Builds the hooks of a spec. A function is empty if the kind has no such hook.
struct HookBuilder {
  std::function<std::unique_ptr<ResultHook>(const HookSpec&)> build_for_results;
  std::function<std::unique_ptr<TrainingHook>(const HookSpec&)> build_for_training;
};

// Return a builder for specs of the type Spec. HookType must be constructible from (const Spec&).
template <class HookType, class Spec>
HookBuilder MakeResultHookBuilder() {
  return {[](const HookSpec& spec) {
            return std::make_unique<HookType>(static_cast<const Spec&>(spec));
          },
          nullptr};
}
template <class HookType, class Spec>
HookBuilder MakeTrainingHookBuilder() {
  return {nullptr, [](const HookSpec& spec) {
            return std::make_unique<HookType>(static_cast<const Spec&>(spec));
          }};
}

}  // namespace kur

#endif  // KUR_ENGINE_HOOKS_HOOK_H_
