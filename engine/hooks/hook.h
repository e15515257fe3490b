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
#include "engine/hooks/training_history.h"
#include "engine/kurfile/specs/hook_spec.h"

namespace kur {

// One sample of an output in symbols: characters, words or classes.
struct SymbolSample {
  std::vector<std::string> predicted;
  std::vector<std::string> truth;
};

// What a model gave and what was expected, by the name of the output: (samples, ...), float32, on
// the CPU. `truth` lacks the outputs for which the data has none.
struct HookData {
  std::map<std::string, at::Tensor> result;
  std::map<std::string, at::Tensor> truth;
  // Of the first sample, where the data knows what its numbers stand for: the inputs and outputs.
  std::map<std::string, std::vector<std::string>> input_symbols;
  std::map<std::string, SymbolSample> output_symbols;
};

// How far a training has come.
struct TrainingNews {
  enum class Moment { kStarted, kOnTheWay, kEnded };
  Moment moment = Moment::kStarted;
  int64_t epochs = 0;                   // completed
  std::optional<int64_t> total_epochs;  // absent: there is another end
  // The latest.
  std::optional<double> training_loss;
  std::optional<double> validation_loss;
};

// The run that a hook serves, as the hook sees it.
class HookHost {
 public:
  virtual ~HookHost() = default;

  // Tells those who watch the run.
  virtual void Say(const std::string& line) = 0;
  virtual void Warn(const std::string& line) = 0;

  // Writes a file for the owner of the run, durably and in one step. `description` is a few words.
  virtual absl::Status WriteFile(const FileReference& file, const std::string& description,
                                 const std::string& content) = 0;
  // Writes `data` as `evaluate.destination` would.
  virtual absl::Status WriteResults(const FileReference& file, const std::string& format,
                                    const HookData& data) = 0;
  // Sends a JSON text to a server as PostJson() does, within what the operator allows.
  virtual absl::StatusOr<std::string> Post(const std::string& url, const std::string& bearer,
                                           const std::string& json) = 0;
};

// Gets what a model gives: all of it in an evaluation, the first batch of a set after a test or a
// validation. One thread at a time; calls come from the thread of the run.
class ResultHook {
 public:
  virtual ~ResultHook() = default;
  // `current` is what the hook before this one gave, `original` what the model did. Gives what the
  // next hook gets.
  virtual absl::StatusOr<HookData> Apply(HookData current, const HookData& original,
                                         HookHost* host) = 0;
};

// Hears how training goes. One thread at a time; calls come from the thread of the run, which
// waits.
class TrainingHook {
 public:
  virtual ~TrainingHook() = default;
  // At the beginning, after an epoch with its validation, though not more often than is worth it,
  // and at the end.
  virtual absl::Status Notify(const TrainingNews& news, const TrainingHistory& history,
                              HookHost* host) = 0;
};

// Builds the hook of a spec; null where the kind has no such side.
struct HookBuilder {
  std::function<std::unique_ptr<ResultHook>(const HookSpec&)> build_for_results;
  std::function<std::unique_ptr<TrainingHook>(const HookSpec&)> build_for_training;
};

// Builders of the class HookType, constructible from (const Spec&).
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
