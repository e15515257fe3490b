// poisson: y - t log(y + 1e-8), averaged over all elements.

#include <limits>
#include <string>

#include "engine/kurfile/specs/loss_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>

#include "engine/losses/loss.h"
#endif

namespace kur {
namespace {

struct PoissonSpec : LossSpec {
  std::string kind() const override { return "poisson"; }
  Task task() const override { return Task::kNumbers; }
};

const Fields<PoissonSpec>& PoissonFields() {
  static const auto* const kFields = new Fields<PoissonSpec>(LossFields<PoissonSpec>());
  return *kFields;
}

const Registration<LossKind> kKind(
    "poisson",
    MakeKind<LossSpec>(
        "For counts, where the output is the expected number: y - t log(y + 1e-8), "
        "averaged over all elements; y must be positive, as after 'activation: softplus'.",
        "{target: clicks, name: poisson}", PoissonFields()));

#if KUR_RUNTIME
class Poisson : public Loss {
 public:
  Poisson(const PoissonSpec& spec, const Shape&) : spec_(spec) {}

  bool HasImpossibleTruth() const override { return true; }
  absl::Status CheckTruth(const std::vector<at::Tensor>& truth,
                          const SampleName& name_of) const override {
    return CheckTruthIsWithin(spec_, truth[0], 0, std::numeric_limits<float>::max(), name_of,
                              "which is no count");
  }

  absl::StatusOr<LossValue> Compute(const at::Tensor& prediction,
                                    const std::vector<at::Tensor>& truth,
                                    bool /*from_logits*/) const override {
    // PyTorch's epsilon of poisson_nll_loss: keeps log() finite where y was rounded to 0.
    constexpr double kMinNumber = 1e-8;
    return LossValue{(prediction - truth[0] * (prediction + kMinNumber).log()).mean()};
  }

 private:
  PoissonSpec spec_;
};

const Registration<LossBuilder> kBuilder("poisson", MakeLossBuilder<Poisson, PoissonSpec>());
#endif

}  // namespace
}  // namespace kur
