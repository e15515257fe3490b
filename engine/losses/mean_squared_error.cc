// mean_squared_error: (y - t)^2, averaged over all elements.

#include <string>

#include "engine/kurfile/specs/loss_spec.h"
#if KUR_RUNTIME
#include <ATen/core/Reduction.h>
#include <ATen/ops/mse_loss.h>

#include "engine/losses/loss.h"
#endif

namespace kur {
namespace {

struct MeanSquaredErrorSpec : LossSpec {
  std::string kind() const override { return "mean_squared_error"; }
  Task task() const override { return Task::kNumbers; }
};

const Fields<MeanSquaredErrorSpec>& MeanSquaredErrorFields() {
  static const auto* const kFields =
      new Fields<MeanSquaredErrorSpec>(WithSampleWeight(LossFields<MeanSquaredErrorSpec>()));
  return *kFields;
}

const Registration<LossKind> kKind(
    "mean_squared_error",
    MakeKind<LossSpec>("For numbers: (y - t)^2, averaged over all elements.",
                       "{target: above, name: mean_squared_error}", MeanSquaredErrorFields()));

#if KUR_RUNTIME
class MeanSquaredError : public Loss {
 public:
  MeanSquaredError(const MeanSquaredErrorSpec&, const Shape&) {}

  absl::StatusOr<LossValue> Compute(const at::Tensor& prediction,
                                    const std::vector<at::Tensor>& truth,
                                    bool /*from_logits*/) const override {
    return LossValue{at::mse_loss(prediction, truth[0])};
  }

  at::Tensor ComputeEach(const at::Tensor& prediction, const std::vector<at::Tensor>& truth,
                         bool /*from_logits*/) const override {
    return at::mse_loss(prediction, truth[0], at::Reduction::None);
  }
};

const Registration<LossBuilder> kBuilder("mean_squared_error",
                                         MakeLossBuilder<MeanSquaredError, MeanSquaredErrorSpec>());
#endif

}  // namespace
}  // namespace kur
