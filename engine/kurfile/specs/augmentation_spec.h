#ifndef KUR_ENGINE_KURFILE_SPECS_AUGMENTATION_SPEC_H_
#define KUR_ENGINE_KURFILE_SPECS_AUGMENTATION_SPEC_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/random.h"
#include "engine/kurfile/schema/kind.h"
#include "engine/value/shape.h"

namespace kur {

// What a Kurfile says of one change that samples undergo by chance while a model is trained on
// them: parsed, immutable, thread-safe. What is drawn comes from the caller, so that it can be a
// function of the sample and the epoch.
class AugmentationSpec {
 public:
  virtual ~AugmentationSpec() = default;

  // The name of the kind: "flip".
  virtual std::string kind() const = 0;

  // OK if it can change samples of that shape; kUnknown is an extent that varies. The message says
  // which it changes instead.
  virtual absl::Status CheckSample(const Shape& shape) const = 0;

  // Changes one sample, of those extents and in row-major order, in place.
  virtual void Apply(const Shape& extents, Random* random, float* sample) const {
    static_cast<void>(extents);
    static_cast<void>(random);
    static_cast<void>(sample);
  }

  // True if it mixes samples with others of their batch instead, in all sources alike.
  virtual bool MixesSamples() const { return false; }
  // The share of itself that a sample keeps then, in [0, 1].
  virtual double DrawShare(Random* random) const {
    static_cast<void>(random);
    return 1;
  }

  std::optional<std::string> source;  // absent: the one input that it can change
  double probability = 1;             // of a sample being changed

  // Where the augmentation stands in the Kurfile, for messages.
  Location location;
  std::string key;
};

using AugmentationKind = Kind<AugmentationSpec>;
using AugmentationSpecs = std::vector<std::shared_ptr<const AugmentationSpec>>;

// The keys that most augmentations have.
template <class Spec>
Fields<Spec> AugmentationFields() {
  return Fields<Spec>()
      .Optional("source", &Spec::source,
                "the source that is changed; default: the one input of the model that can be")
      .Example("images")
      .Optional(
          "probability", &Spec::probability, "of a sample being changed",
          Condition<double>{"from 0 to 1", [](double value) { return value >= 0 && value <= 1; }});
}

// Changes images: samples of the shape (height, width, channels).
class ImageAugmentation : public AugmentationSpec {
 public:
  absl::Status CheckSample(const Shape& shape) const override;
};

// Changes sequences, such as spectrograms: samples of the shape (time, features).
class SequenceAugmentation : public AugmentationSpec {
 public:
  absl::Status CheckSample(const Shape& shape) const override;
};

// Reads `train.augment`. Reports what is wrong.
AugmentationSpecs ParseAugmentations(const Value& augment, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_AUGMENTATION_SPEC_H_
