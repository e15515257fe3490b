// huber: (y - t)^2 / 2 for |y - t| <= delta, otherwise delta (|y - t| - delta / 2), averaged over
// all elements.

#include <string>

#include "engine/kurfile/specs/loss_spec.h"
#if KUR_RUNTIME
#include <ATen/core/Reduction.h>
#include <ATen/ops/huber_loss.h>

#include "engine/losses/loss.h"
#endif

namespace kur {
namespace {

struct HuberSpec : LossSpec {
  double delta = 1;

  std::string kind() const override { return "huber"; }
  Task task() const override { return Task::kNumbers; }
};

const Fields<HuberSpec>& HuberFields() {
  static const auto* const kFields = new Fields<HuberSpec>(LossFields<HuberSpec>().Optional(
      "delta", &HuberSpec::delta, "the distance from which on the loss is linear", Positive()));
  return *kFields;
}

const Registration<LossKind> kKind(
    "huber", MakeKind<LossSpec>("For numbers with outliers: (y - t)^2 / 2 up to a distance of "
                                "delta, from there on linear; averaged over all elements.",
                                "{target: above, name: huber, delta: 0.5}", HuberFields()));

#if KUR_RUNTIME
class Huber : public Loss {
 public:
  Huber(const HuberSpec& spec, const Shape&) : delta_(spec.delta) {}

  absl::StatusOr<LossValue> Compute(const at::Tensor& prediction,
                                    const std::vector<at::Tensor>& truth,
                                    bool /*from_logits*/) const override {
    return LossValue{at::huber_loss(prediction, truth[0], at::Reduction::Mean, delta_)};
  }

 private:
  double delta_;
};

const Registration<LossBuilder> kBuilder("huber", MakeLossBuilder<Huber, HuberSpec>());
#endif

}  // namespace
}  // namespace kur
