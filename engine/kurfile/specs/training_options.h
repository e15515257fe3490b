#ifndef KUR_ENGINE_KURFILE_SPECS_TRAINING_OPTIONS_H_
#define KUR_ENGINE_KURFILE_SPECS_TRAINING_OPTIONS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/kurfile/schema/fields.h"
#include "engine/kurfile/specs/schedule_spec.h"
#include "engine/value/diagnostics.h"

namespace kur {

// `ema`: an exponential moving average of the weights. Raise `decay` to average over more steps.
struct EmaOptions {
  double decay = 0.999;  // the share of the average that each step keeps
};

// `early_stopping`: ends the run when the validations after epochs stop improving.
struct EarlyStopping {
  int64_t patience = 0;         // validations without improvement that end the run, at least 1
  double min_delta = 0;         // a smaller change is no improvement
  std::string metric = "loss";  // or a metric that the validation reports
  std::string goal = "auto";    // auto, lower, higher
  Location location;
};

// The keys of `train` that Kur does not have. The defaults change nothing.
struct TrainingOptions {
  std::shared_ptr<const ScheduleSpec> schedule;  // null: constant learning rate
  int64_t accumulate = 1;  // batches per step; raise it for larger effective batches
  std::optional<EmaOptions> ema;
  std::optional<EarlyStopping> early_stopping;
  std::string precision = "float32";  // float32, bf16, fp16: of forward passes in training
  bool deterministic = false;         // set for bitwise reproducible runs, which may be slower
  // stop, skip: what to do with a loss or gradient that is not finite
  std::string non_finite = "stop";
};

template <>
struct FieldTraits<EmaOptions> {
  static std::string Type() { return "dictionary"; }
  static Value Schema() { return Value(Dict()); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    EmaOptions* to);
  static std::string Format(const EmaOptions&) { return ""; }
};

template <>
struct FieldTraits<EarlyStopping> {
  static std::string Type() { return "dictionary"; }
  static Value Schema() { return Value(Dict()); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    EarlyStopping* to);
  static std::string Format(const EarlyStopping&) { return ""; }
};

// Return the keys of `ema` and `early_stopping`.
KeyTable EmaKeys();
KeyTable EarlyStoppingKeys();

// Adds the keys of TrainingOptions, which is a base of Raw, to `fields`.
template <class Raw>
Fields<Raw> WithTrainingOptions(Fields<Raw> fields) {
  return fields
      .Optional("schedule", &Raw::schedule,
                "the course of the learning rate: a name, or a dictionary with 'name'")
      .Example("{name: cosine}")
      .Kinds("schedule")
      .Optional("accumulate", &Raw::accumulate,
                "batches whose gradients, averaged over their samples, make one step", AtLeast(1))
      .Optional("ema", &Raw::ema,
                "keeps an exponential moving average of the weights, which is what is validated "
                "and written")
      .Example("{decay: 0.999}")
      .Keys(EmaKeys())
      .Optional("early_stopping", &Raw::early_stopping,
                "ends the run when the validations after epochs get no better")
      .Example("{patience: 5}")
      .Keys(EarlyStoppingKeys())
      .Choice("precision", &Raw::precision, {"float32", "bf16", "fp16"},
              "in what training and its validations compute where that is safe; weights stay "
              "float32; fp16 needs a GPU (no GPU has been tried yet)")
      .Optional("deterministic", &Raw::deterministic,
                "whether the same seed gives the same weights, bit for bit, even if that is slower "
                "(on a GPU, too); operations that cannot are an error")
      .Choice("non_finite", &Raw::non_finite, {"stop", "skip"},
              "what a batch does whose loss or gradients are NaN or infinite: end the run, or "
              "change nothing");
}

// The facts about a run that TrainingOptions may need.
struct TrainingContext {
  bool validates = false;  // the Kurfile has a section `validate`
  bool has_end = false;    // the number of epochs is limited
};

// Reports options whose needs `context` does not meet. `train` is the section, for locations.
void CheckTrainingOptions(const TrainingOptions& options, const TrainingContext& context,
                          const Value& train, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_TRAINING_OPTIONS_H_
