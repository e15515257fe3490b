// rmsprop: Tieleman and Hinton, "Lecture 6.5 - RMSProp", 2012.

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

struct RmspropSpec : OptimizerSpec {
  double rho = 0.9;
  double epsilon = 1e-8;
  double momentum = 0;

  std::string kind() const override { return "rmsprop"; }
  int64_t StateSlots() const override { return momentum == 0 ? 1 : 2; }
};

const Fields<RmspropSpec>& RmspropFields() {
  static const auto* const kFields = new Fields<RmspropSpec>(
      OptimizerFields<RmspropSpec>()
          .Optional("rho", &RmspropSpec::rho, "decay of the mean of the squared gradients",
                    InRange(0, 1))
          .Optional("epsilon", &RmspropSpec::epsilon, "added to the denominator", Positive())
          .Optional("momentum", &RmspropSpec::momentum, "share of the last step that is kept",
                    InRange(0, 1)));
  return *kFields;
}

const Registration<OptimizerKind> kKind(
    "rmsprop",
    MakeKind<OptimizerSpec>(
        "Steps scaled by a running mean of squared gradients (Tieleman and Hinton, 2012).",
        "{name: rmsprop, learning_rate: 0.001}", RmspropFields()));

#if KUR_RUNTIME
class Rmsprop : public Optimizer {
 public:
  Rmsprop(const RmspropSpec& spec, std::vector<NamedParameter> parameters)
      : Optimizer(spec, std::move(parameters)), spec_(spec), square_(AddSlot("square_avg")) {
    if (spec_.momentum != 0) velocity_ = AddSlot("momentum_buffer");
  }

 private:
  void Update(size_t parameter, at::Tensor& value, at::Tensor& gradient, int64_t) override {
    if (decay() != 0) gradient.add_(value, decay());
    at::Tensor& square = slot(square_, parameter);
    square.mul_(spec_.rho).addcmul_(gradient, gradient, 1 - spec_.rho);
    const at::Tensor scale = square.sqrt().add_(spec_.epsilon);
    if (spec_.momentum == 0) {
      value.addcdiv_(gradient, scale, -learning_rate());
      return;
    }
    at::Tensor& velocity = slot(velocity_, parameter);
    velocity.mul_(spec_.momentum).addcdiv_(gradient, scale);
    value.sub_(velocity, learning_rate());
  }

  RmspropSpec spec_;
  size_t square_;
  size_t velocity_ = 0;
};

const Registration<OptimizerBuilder> kBuilder("rmsprop",
                                              MakeOptimizerBuilder<Rmsprop, RmspropSpec>());
#endif

}  // namespace
}  // namespace kur
