// adadelta: Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.

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

struct AdadeltaSpec : OptimizerSpec {
  double rho = 0.95;
  double epsilon = 1e-6;

  AdadeltaSpec() { learning_rate = 1; }
  std::string kind() const override { return "adadelta"; }
  int64_t StateSlots() const override { return 2; }
};

const Fields<AdadeltaSpec>& AdadeltaFields() {
  static const auto* const kFields = new Fields<AdadeltaSpec>(
      OptimizerFields<AdadeltaSpec>()
          .Optional("rho", &AdadeltaSpec::rho, "decay of the running means", InRange(0, 1))
          .Optional("epsilon", &AdadeltaSpec::epsilon, "added to the running means", Positive()));
  return *kFields;
}

const Registration<OptimizerKind> kKind(
    "adadelta", MakeKind<OptimizerSpec>(
                    "Steps as large as those before, in units of the gradients (Zeiler, 2012).",
                    "{name: adadelta, rho: 0.95}", AdadeltaFields()));

#if KUR_RUNTIME
class Adadelta : public Optimizer {
 public:
  Adadelta(const AdadeltaSpec& spec, std::vector<NamedParameter> parameters)
      : Optimizer(spec, std::move(parameters)),
        spec_(spec),
        square_(AddSlot("square_avg")),
        change_(AddSlot("acc_delta")) {}

 private:
  void Update(size_t parameter, at::Tensor& value, at::Tensor& gradient, int64_t) override {
    if (decay() != 0) gradient.add_(value, decay());
    at::Tensor& square = slot(square_, parameter);
    at::Tensor& change = slot(change_, parameter);
    square.mul_(spec_.rho).addcmul_(gradient, gradient, 1 - spec_.rho);
    const at::Tensor step =
        (change + spec_.epsilon).div_(square + spec_.epsilon).sqrt_().mul_(gradient);
    change.mul_(spec_.rho).addcmul_(step, step, 1 - spec_.rho);
    value.sub_(step, learning_rate());
  }

  AdadeltaSpec spec_;
  size_t square_;
  size_t change_;
};

const Registration<OptimizerBuilder> kBuilder("adadelta",
                                              MakeOptimizerBuilder<Adadelta, AdadeltaSpec>());
#endif

}  // namespace
}  // namespace kur
