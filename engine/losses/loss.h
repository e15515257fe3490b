#ifndef KUR_ENGINE_LOSSES_LOSS_H_
#define KUR_ENGINE_LOSSES_LOSS_H_

#include <ATen/core/Tensor.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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

  // Returns an error for values that no truth can have, before they reach the model's device.
  // `truth` is as for Compute(), but as it was read: on the CPU, in float32, not scaled. `samples`
  // are the indices of the batch's samples in their sources, for messages.
  virtual absl::Status CheckTruth(const std::vector<at::Tensor>& truth,
                                  const int64_t* samples) const {
    static_cast<void>(truth);
    static_cast<void>(samples);
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
