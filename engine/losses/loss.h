#ifndef KUR_ENGINE_LOSSES_LOSS_H_
#define KUR_ENGINE_LOSSES_LOSS_H_

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/registry.h"
#include "engine/kurfile/specs/loss_spec.h"

namespace kur {

// The loss of a batch.
struct LossValue {
  at::Tensor mean;      // a scalar: over the samples, and over the positions in them
  int64_t skipped = 0;  // samples for which no loss is defined: they count as 0
};

// A built loss function. Immutable, thread-safe.
class Loss {
 public:
  virtual ~Loss() = default;

  // The loss of a batch. `prediction` is the model's output in the author's layout, (batch, ...),
  // or, with `from_logits`, what went into the softmax or sigmoid that LossSpec::fused_with()
  // names. `truth` are the sources of LossSpec::Truth(), in that order, as CheckTruth() accepts
  // them; those that stay on the host are on the CPU, the others where the prediction is.
  // INVALID_ARGUMENT, in words for the author of the Kurfile, if they do not suit the prediction.
  virtual absl::StatusOr<LossValue> Compute(const at::Tensor& prediction,
                                            const std::vector<at::Tensor>& truth,
                                            bool from_logits) const = 0;

  // Refuses values that no truth can have, before they reach the model's device. `truth` is as for
  // Compute(), but on the CPU, in float32 and not scaled: as it was read. `samples` are the numbers
  // that its samples have in their sources.
  virtual absl::Status CheckTruth(const std::vector<at::Tensor>& truth,
                                  const int64_t* samples) const {
    static_cast<void>(truth);
    static_cast<void>(samples);
    return absl::OkStatus();
  }
};

// Keeps log() finite where a probability has been rounded to zero.
constexpr double kMinProbability = 1e-7;

// Builds the loss of a spec for an output of samples of that shape, which LossSpec::Truth() has
// accepted.
struct LossBuilder {
  std::function<std::unique_ptr<Loss>(const LossSpec&, const Shape& output)> build;
};

// The builder of the class LossType, constructible from (const Spec&, const Shape& output).
template <class LossType, class Spec>
LossBuilder MakeLossBuilder() {
  return {[](const LossSpec& spec, const Shape& output) {
    return std::make_unique<LossType>(static_cast<const Spec&>(spec), output);
  }};
}

}  // namespace kur

#endif  // KUR_ENGINE_LOSSES_LOSS_H_
