// mean_absolute_error: |y - t|, averaged over all elements.

#include <string>

#include "engine/kurfile/specs/loss_spec.h"
#if KUR_RUNTIME
#include <ATen/core/Reduction.h>
#include <ATen/ops/l1_loss.h>

#include "engine/losses/loss.h"
#endif

namespace kur {
namespace {

struct MeanAbsoluteErrorSpec : LossSpec {
  std::string kind() const override { return "mean_absolute_error"; }
  Task task() const override { return Task::kNumbers; }
};

const Fields<MeanAbsoluteErrorSpec>& MeanAbsoluteErrorFields() {
  static const auto* const kFields =
      new Fields<MeanAbsoluteErrorSpec>(WithSampleWeight(LossFields<MeanAbsoluteErrorSpec>()));
  return *kFields;
}

const Registration<LossKind> kKind(
    "mean_absolute_error",
    MakeKind<LossSpec>("For numbers, with less weight on outliers than mean_squared_error: |y - "
                       "t|, averaged over all elements.",
                       "{target: above, name: mean_absolute_error}", MeanAbsoluteErrorFields()));

#if KUR_RUNTIME
class MeanAbsoluteError : public Loss {
 public:
  MeanAbsoluteError(const MeanAbsoluteErrorSpec&, const Shape&) {}

  absl::StatusOr<LossValue> Compute(const at::Tensor& prediction,
                                    const std::vector<at::Tensor>& truth,
                                    bool /*from_logits*/) const override {
    return LossValue{at::l1_loss(prediction, truth[0])};
  }

  at::Tensor ComputeEach(const at::Tensor& prediction, const std::vector<at::Tensor>& truth,
                         bool /*from_logits*/) const override {
    return at::l1_loss(prediction, truth[0], at::Reduction::None);
  }
};

const Registration<LossBuilder> kBuilder(
    "mean_absolute_error", MakeLossBuilder<MeanAbsoluteError, MeanAbsoluteErrorSpec>());
#endif

}  // namespace
}  // namespace kur
