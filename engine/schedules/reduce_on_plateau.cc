// reduce_on_plateau: lowers the learning rate when the validation loss no longer falls.

#include <algorithm>
#include <cmath>

#include "engine/kurfile/specs/schedule_spec.h"

namespace kur {
namespace {

// Keys of the state, which checkpoints save.
constexpr char kBest[] = "best";              // the least loss so far
constexpr char kWaited[] = "waited";          // validations since the least loss
constexpr char kCooldown[] = "cooldown";      // validations that are still ignored
constexpr char kReductions[] = "reductions";  // how often the rate was lowered

double StateValue(const ScheduleState& state, const char* name) {
  const auto it = state.find(name);
  return it == state.end() ? 0 : it->second;
}

struct PlateauSpec : ScheduleSpec {
  double factor = 0.1;
  int64_t patience = 10;
  double threshold = 1e-4;
  int64_t cooldown = 0;
  double minimum = 0;

  std::string kind() const override { return "reduce_on_plateau"; }

  double Factor(const ScheduleTime&, const ScheduleState& state) const override {
    return std::max(std::pow(factor, StateValue(state, kReductions)), minimum);
  }

  // Counts like PyTorch's ReduceLROnPlateau.
  void ObserveValidation(double loss, ScheduleState* state) const override {
    const auto best = state->find(kBest);
    const bool better = best == state->end() || loss < best->second * (1 - threshold);
    if (better && std::isfinite(loss)) {
      (*state)[kBest] = loss;
      (*state)[kWaited] = 0;
    } else {
      ++(*state)[kWaited];
    }
    if (StateValue(*state, kCooldown) > 0) {
      --(*state)[kCooldown];
      (*state)[kWaited] = 0;
    }
    if (StateValue(*state, kWaited) <= static_cast<double>(patience)) return;
    ++(*state)[kReductions];
    (*state)[kCooldown] = static_cast<double>(cooldown);
    (*state)[kWaited] = 0;
  }

  bool DependsOnValidation() const override { return true; }
};

const Fields<PlateauSpec>& PlateauFields() {
  static const auto* const kFields = new Fields<PlateauSpec>(
      Fields<PlateauSpec>()
          .Optional("factor", &PlateauSpec::factor,
                    "what the learning rate is multiplied by each time", InRange(0, 1))
          .Optional("patience", &PlateauSpec::patience,
                    "validations without improvement that are borne", AtLeast(0))
          .Optional("threshold", &PlateauSpec::threshold,
                    "share of the best loss that counts as an improvement", InRange(0, 1))
          .Optional("cooldown", &PlateauSpec::cooldown,
                    "validations after a reduction that do not count", AtLeast(0))
          .Optional("minimum", &PlateauSpec::minimum,
                    "share of the learning rate below which it does not fall", InRange(0, 1)));
  return *kFields;
}

const Registration<ScheduleKind> kKind(
    "reduce_on_plateau",
    MakeKind<ScheduleSpec>("Lowers the learning rate when the loss of the validations after epochs "
                           "no longer falls.",
                           "{name: reduce_on_plateau, factor: 0.5, patience: 3}", PlateauFields()));

}  // namespace
}  // namespace kur
