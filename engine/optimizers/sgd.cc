// sgd: stochastic gradient descent, with momentum (Sutskever et al., 2013, in PyTorch's form).

#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/specs/optimizer_spec.h"
#if KUR_RUNTIME
#include "engine/optimizers/optimizer.h"
#endif

namespace kur {
namespace {

struct SgdSpec : OptimizerSpec {
  double momentum = 0;
  bool nesterov = false;

  SgdSpec() { learning_rate = 0.01; }
  std::string kind() const override { return "sgd"; }
  int64_t StateSlots() const override { return momentum == 0 ? 0 : 1; }
};

const Fields<SgdSpec>& SgdFields() {
  static const auto* const kFields = new Fields<SgdSpec>(
      OptimizerFields<SgdSpec>()
          .Optional("momentum", &SgdSpec::momentum, "share of the last step that is kept",
                    InRange(0, 1))
          .Optional("nesterov", &SgdSpec::nesterov, "look ahead along the momentum"));
  return *kFields;
}

const Registration<OptimizerKind> kKind(
    "sgd", MakeKind<OptimizerSpec>("Stochastic gradient descent.",
                                   "{name: sgd, learning_rate: 0.01, momentum: 0.9}", SgdFields()));

#if KUR_RUNTIME
class Sgd : public Optimizer {
 public:
  Sgd(const SgdSpec& spec, std::vector<NamedParameter> parameters)
      : Optimizer(spec, std::move(parameters)), spec_(spec) {
    if (spec_.momentum != 0) velocity_ = AddSlot("momentum_buffer");
  }

 private:
  void Update(size_t parameter, at::Tensor& value, at::Tensor& gradient, int64_t) override {
    if (decay() != 0) gradient.add_(value, decay());
    if (spec_.momentum == 0) {
      value.sub_(gradient, learning_rate());
      return;
    }
    at::Tensor& velocity = slot(velocity_, parameter);
    velocity.mul_(spec_.momentum).add_(gradient);
    if (spec_.nesterov) {
      value.sub_(gradient.add_(velocity, spec_.momentum), learning_rate());
    } else {
      value.sub_(velocity, learning_rate());
    }
  }

  SgdSpec spec_;
  size_t velocity_ = 0;
};

const Registration<OptimizerBuilder> kBuilder("sgd", MakeOptimizerBuilder<Sgd, SgdSpec>());
#endif

}  // namespace
}  // namespace kur
