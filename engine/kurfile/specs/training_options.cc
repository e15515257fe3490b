#include "engine/kurfile/specs/training_options.h"

namespace kur {
namespace {

const Fields<EmaOptions>& EmaFields() {
  static const auto* const kFields = new Fields<EmaOptions>(
      Fields<EmaOptions>()
          .Optional("decay", &EmaOptions::decay, "share of the average that every step keeps",
                    InRange(0, 1))
          .Shorthand("decay"));
  return *kFields;
}

const Fields<EarlyStopping>& EarlyStoppingFields() {
  static const auto* const kFields = new Fields<EarlyStopping>(
      Fields<EarlyStopping>()
          .Required("patience", &EarlyStopping::patience,
                    "validations without improvement that end the run", AtLeast(1))
          .Example("5")
          .Optional("min_delta", &EarlyStopping::min_delta, "a smaller change is no improvement",
                    NotNegative())
          .Optional("metric", &EarlyStopping::metric,
                    "what is to improve: loss, or a metric that validations report")
          .Choice("goal", &EarlyStopping::goal, {"auto", "lower", "higher"},
                  "which way is better; auto: higher for accuracies and scores, lower for losses "
                  "and errors")
          .Shorthand("patience"));
  return *kFields;
}

}  // namespace

KeyTable EmaKeys() { return EmaFields().Describe(); }

KeyTable EarlyStoppingKeys() { return EarlyStoppingFields().Describe(); }

bool FieldTraits<EmaOptions>::Parse(const Value& value, const std::string& key,
                                    Diagnostics* diagnostics, EmaOptions* to) {
  return EmaFields().Parse(value, key, diagnostics, to);
}

bool FieldTraits<EarlyStopping>::Parse(const Value& value, const std::string& key,
                                       Diagnostics* diagnostics, EarlyStopping* to) {
  to->location = value.location();
  return EarlyStoppingFields().Parse(value, key, diagnostics, to);
}

void CheckTrainingOptions(const TrainingOptions& options, const TrainingContext& context,
                          const Value& train, Diagnostics* diagnostics) {
  const auto report = [&](const char* key, const char* what) {
    const Value* value = train.Find(key);
    diagnostics->Error(value == nullptr ? train.location() : value->location(),
                       std::string("train.") + key, what);
  };
  if (options.schedule != nullptr && options.schedule->DependsOnValidation() &&
      !context.validates) {
    report("schedule", "follows the validation loss, but there is no section 'validate'");
  }
  if (options.schedule != nullptr && options.schedule->NeedsTotalSteps() && !context.has_end) {
    report("schedule",
           "needs to know where training ends: give it a 'length', or train a number of epochs "
           "(stop_when.epochs)");
  }
  if (options.early_stopping && !context.validates) {
    report("early_stopping", "watches validations, but there is no section 'validate'");
  }
}

}  // namespace kur
