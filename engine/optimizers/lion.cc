// lion: Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023.

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

struct LionSpec : OptimizerSpec {
  double beta1 = 0.9;
  double beta2 = 0.99;
  // Each step subtracts this, times the learning rate, times the weights.
  double weight_decay = 0;

  LionSpec() { learning_rate = 0.0001; }
  std::string kind() const override { return "lion"; }
  int64_t StateSlots() const override { return 1; }
  double WeightDecay() const override { return weight_decay; }
};

const Fields<LionSpec>& LionFields() {
  static const auto* const kFields = new Fields<LionSpec>(
      DecoupledOptimizerFields<LionSpec>()
          .Optional("beta1", &LionSpec::beta1, "share of the momentum in a step", InRange(0, 1))
          .Optional("beta2", &LionSpec::beta2, "decay of the momentum", InRange(0, 1)));
  return *kFields;
}

const Registration<OptimizerKind> kKind(
    "lion", MakeKind<OptimizerSpec>(
                "Steps of one size, in the direction of the momentum's sign (Chen et al., 2023).",
                "{name: lion, learning_rate: 0.0001, weight_decay: 0.1}", LionFields()));

#if KUR_RUNTIME
class Lion : public Optimizer {
 public:
  Lion(const LionSpec& spec, std::vector<NamedParameter> parameters)
      : Optimizer(spec, std::move(parameters)), spec_(spec), mean_(AddSlot("exp_avg")) {}

 private:
  void Update(size_t parameter, at::Tensor& value, at::Tensor& gradient, int64_t) override {
    at::Tensor& mean = slot(mean_, parameter);
    const at::Tensor direction = (mean * spec_.beta1).add_(gradient, 1 - spec_.beta1).sign_();
    if (decay() != 0) value.mul_(1 - learning_rate() * decay());
    value.sub_(direction, learning_rate());
    mean.mul_(spec_.beta2).add_(gradient, 1 - spec_.beta2);
  }

  LionSpec spec_;
  size_t mean_;
};

const Registration<OptimizerBuilder> kBuilder("lion", MakeOptimizerBuilder<Lion, LionSpec>());
#endif

}  // namespace
}  // namespace kur
