#ifndef KUR_ENGINE_KURFILE_LOSS_SPEC_H_
#define KUR_ENGINE_KURFILE_LOSS_SPEC_H_

#include <string>
#include <utility>

#include "engine/kurfile/kind.h"

namespace kur {

// What a Kurfile says of one loss function: parsed, immutable, thread-safe.
class LossSpec {
 public:
  virtual ~LossSpec() = default;

  // The name of the kind: "mean_squared_error".
  virtual std::string kind() const = 0;

  // False for a kind that this version understands and plans with, but cannot run.
  virtual bool IsRunnable() const { return true; }

  // The model's output that the loss is attached to, and the data source with the truth.
  std::string target;
  // The factor of this loss in the sum over all outputs.
  double weight = 1;

  // Where the loss stands in the Kurfile, for messages.
  Location location;
  std::string key;
};

using LossKind = Kind<LossSpec>;

// The keys that every loss has.
template <class Spec>
Fields<Spec> LossFields() {
  return Fields<Spec>()
      .Required("target", &Spec::target, "the output of the model that is compared with the data")
      .Example("labels")
      .Optional("weight", &Spec::weight, "factor in the sum over all outputs", NotNegative());
}

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_LOSS_SPEC_H_
