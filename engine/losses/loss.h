#ifndef KUR_ENGINE_LOSSES_LOSS_H_
#define KUR_ENGINE_LOSSES_LOSS_H_

#include <ATen/core/Tensor.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/registry.h"
#include "engine/kurfile/specs/loss_spec.h"

namespace kur {

// The loss of a batch.
struct LossValue {
  at::Tensor mean;      // a scalar: the mean over samples and their positions
  int64_t skipped = 0;  // samples without a defined loss; they count as 0 in the mean
};

// Returns how a message calls the sample in a row of a batch: "sample 7 (points.csv:9)".
using SampleName = std::function<std::string(int64_t row)>;

// A built loss function. Immutable, thread-safe.
class Loss {
 public:
  virtual ~Loss() = default;

  // Computes the loss of a batch. `prediction` is the model's output, (batch, ...) with the axes in
  // the Kurfile's order. With `from_logits`, it is the input of the softmax or sigmoid that
  // LossSpec::fused_with() names. `truth` has a tensor for each source of LossSpec::Truth(), in
  // that order, which CheckTruth() must have accepted. Sources that stay on the host are on the
  // CPU, the others on the device of the prediction. Returns INVALID_ARGUMENT, in the Kurfile's
  // terms, if the truth does not fit the prediction.
  virtual absl::StatusOr<LossValue> Compute(const at::Tensor& prediction,
                                            const std::vector<at::Tensor>& truth,
                                            bool from_logits) const = 0;

  // Computes the losses that Compute() averages: of each position, (batch, ...), for losses of
  // classes, and else of each element. Called for specs that weigh samples or classes.
  virtual at::Tensor ComputeEach(const at::Tensor& prediction, const std::vector<at::Tensor>& truth,
                                 bool from_logits) const {
    static_cast<void>(prediction);
    static_cast<void>(truth);
    static_cast<void>(from_logits);
    return at::Tensor();
  }

  // Whether there are values that no truth can have.
  virtual bool HasImpossibleTruth() const { return false; }
  // Returns an error for such values, before they reach the model's device. `truth` is as for
  // Compute(), but as it was read: on the CPU, in float32, not scaled.
  virtual absl::Status CheckTruth(const std::vector<at::Tensor>& truth,
                                  const SampleName& name_of) const {
    static_cast<void>(truth);
    static_cast<void>(name_of);
    return absl::OkStatus();
  }
};

// The lower bound of probabilities: keeps log() finite where one was rounded to 0.
constexpr double kMinProbability = 1e-7;

// Returns the index of the first of `count` values that is not an integer in [0, symbols). Absent:
// all values are.
inline std::optional<int64_t> FindInvalidSymbol(const float* values, int64_t count,
                                                int64_t symbols) {
  for (int64_t i = 0; i < count; ++i) {
    const float value = values[i];
    // Both comparisons are false for NaN.
    const bool in_range = value >= 0 && value < static_cast<float>(symbols);
    if (!in_range || value != std::floor(value)) return i;
  }
  return std::nullopt;
}

// Returns the error that a sample's truth in `source`, which the key `key` of the loss names, has
// the impossible value `value`.
absl::Status ImpossibleTruth(const LossSpec& loss, const std::string& key,
                             const std::string& source, const std::string& sample, float value,
                             const std::string& why);

// Checks that all values of a truth, (batch, ...), lie in [least, most].
absl::Status CheckTruthIsWithin(const LossSpec& loss, const at::Tensor& truth, float least,
                                float most, const SampleName& name_of, const std::string& why);

// Checks that the rows of a truth along its last axis are probabilities that sum to one, or zeros,
// which pad.
absl::Status CheckTruthIsDistribution(const LossSpec& loss, const at::Tensor& truth,
                                      const SampleName& name_of);

// Builds the loss of a spec. `output` is the shape of a sample of the model's output, which
// LossSpec::Truth() must have accepted.
struct LossBuilder {
  std::function<std::unique_ptr<Loss>(const LossSpec&, const Shape& output)> build;
};

// Returns a builder for specs of the type Spec. LossType must be constructible from (const Spec&,
// const Shape& output).
template <class LossType, class Spec>
LossBuilder MakeLossBuilder() {
  return {[](const LossSpec& spec, const Shape& output) {
    return std::make_unique<LossType>(static_cast<const Spec&>(spec), output);
  }};
}

}  // namespace kur

#endif  // KUR_ENGINE_LOSSES_LOSS_H_
