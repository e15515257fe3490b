#ifndef KUR_ENGINE_KURFILE_SPECS_OPTIMIZER_SPEC_H_
#define KUR_ENGINE_KURFILE_SPECS_OPTIMIZER_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/kurfile/schema/kind.h"

namespace kur {

// A bound on the gradients before each step. At most one of the two is set.
struct ClipSpec {
  std::optional<double> norm;  // scales down the gradients to this L2 norm over all parameters
  std::optional<double> abs;   // clips each element to [-abs, abs]
};

template <>
struct FieldTraits<ClipSpec> {
  static std::string Type() { return "dictionary with norm or abs"; }
  static Value Schema();
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    ClipSpec* to);
  static std::string Format(const ClipSpec&) { return "null"; }
};

// Returns the keys of `clip`.
KeyTable ClipKeys();

// An entry of `layers`: options that differ for some layers. Either `name` or `tag` is set.
struct LayerOverride {
  std::optional<std::string> name;  // may contain * and ?
  std::optional<std::string> tag;
  std::optional<double> learning_rate;
  std::optional<double> decay;  // replaces `decay` or `weight_decay`, whichever the optimizer has

  Location location;
  std::string key;
};

template <>
struct FieldTraits<LayerOverride> {
  static std::string Type() { return "override"; }
  static Value Schema() { return TypeSchema("object"); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    LayerOverride* to);
  static std::string Format(const LayerOverride&) { return ""; }
};

// The parsed optimizer. Immutable once parsed, thread-safe.
class OptimizerSpec {
 public:
  virtual ~OptimizerSpec() = default;

  // Returns the name of the kind: "adam".
  virtual std::string kind() const = 0;

  // Returns how many numbers the optimizer keeps for every parameter.
  virtual int64_t StateSlots() const = 0;

  // Returns the weight decay that the entries of `layers` replace, under either key.
  virtual double WeightDecay() const { return decay; }

  double learning_rate = 0.001;
  // Weight decay as in Kur's PyTorch backend: the factor times the parameter is added to the
  // gradient.
  double decay = 0;
  ClipSpec clip;
  std::vector<LayerOverride> layers;  // later entries win
  // The source that scales the learning rate of each batch, by its mean over the batch or by the
  // square root of that mean (see scale_mode).
  std::optional<std::string> scale_rate;
  std::string scale_mode = "linear";  // linear, sqrt

  // The place in the Kurfile, for messages.
  Location location;
  std::string key;
};

using OptimizerKind = Kind<OptimizerSpec>;

// Declares the keys that every optimizer has.
template <class Spec>
Fields<Spec> CommonOptimizerFields() {
  return Fields<Spec>()
      .Optional("learning_rate", &Spec::learning_rate, "step size", Positive())
      .Optional("clip", &Spec::clip, "bounds the gradients: {norm: X} or {abs: X}")
      .Example("{norm: 100}")
      .Keys(ClipKeys())
      .Optional("layers", &Spec::layers,
                "what is different for some layers, each {name: GLOB} or {tag: TAG} with a "
                "learning_rate, a decay (or weight decay) or both; later ones win")
      .Example("[{name: head*, learning_rate: 0.01}, {tag: norm, decay: 0}]")
      .Optional("scale_rate", &Spec::scale_rate,
                "a source of data: the learning rate of a batch is multiplied by its mean")
      .Example("weight")
      .Choice("scale_mode", &Spec::scale_mode, {"linear", "sqrt"},
              "scale_rate: whether the mean counts as it is or by its square root");
}

// Adds the weight decay of most optimizers, which is a part of the gradients.
template <class Spec>
Fields<Spec> OptimizerFields() {
  return CommonOptimizerFields<Spec>().Optional(
      "decay", &Spec::decay, "weight decay added to the gradients", NotNegative());
}

// Adds a weight decay that is not a part of the gradients, in the member `weight_decay`.
template <class Spec>
Fields<Spec> DecoupledOptimizerFields() {
  return CommonOptimizerFields<Spec>().Optional(
      "weight_decay", &Spec::weight_decay,
      "share of the weights, times learning_rate, that each step takes away", NotNegative());
}

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_OPTIMIZER_SPEC_H_
