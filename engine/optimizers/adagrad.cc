// adagrad: Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and
// Stochastic Optimization", 2011.

#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/specs/optimizer_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>

#include "engine/optimizers/optimizer.h"
#endif

namespace kur {
namespace {

struct AdagradSpec : OptimizerSpec {
  double epsilon = 1e-10;

  AdagradSpec() { learning_rate = 0.01; }
  std::string kind() const override { return "adagrad"; }
  int64_t StateSlots() const override { return 1; }
};

const Fields<AdagradSpec>& AdagradFields() {
  static const auto* const kFields =
      new Fields<AdagradSpec>(OptimizerFields<AdagradSpec>().Optional(
          "epsilon", &AdagradSpec::epsilon, "added to the denominator", Positive()));
  return *kFields;
}

const Registration<OptimizerKind> kKind(
    "adagrad",
    MakeKind<OptimizerSpec>(
        "Steps scaled by the sum of all squared gradients (Duchi, Hazan and Singer, 2011).",
        "{name: adagrad, learning_rate: 0.01}", AdagradFields()));

#if KUR_RUNTIME
class Adagrad : public Optimizer {
 public:
  Adagrad(const AdagradSpec& spec, std::vector<NamedParameter> parameters)
      : Optimizer(spec, std::move(parameters)), spec_(spec), sum_(AddSlot("sum")) {}

 private:
  void Update(size_t parameter, at::Tensor& value, at::Tensor& gradient, int64_t) override {
    if (decay() != 0) gradient.add_(value, decay());
    at::Tensor& sum = slot(sum_, parameter);
    sum.addcmul_(gradient, gradient);
    value.addcdiv_(gradient, sum.sqrt().add_(spec_.epsilon), -learning_rate());
  }

  AdagradSpec spec_;
  size_t sum_;
};

const Registration<OptimizerBuilder> kBuilder("adagrad",
                                              MakeOptimizerBuilder<Adagrad, AdagradSpec>());
#endif

}  // namespace
}  // namespace kur
