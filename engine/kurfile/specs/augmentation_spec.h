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

// One parsed augmentation: a random change of samples during training. The caller passes the random
// numbers, which can therefore be a function of sample and epoch. Immutable once parsed,
// thread-safe.
class AugmentationSpec {
 public:
  virtual ~AugmentationSpec() = default;

  // Returns the name of the kind: "flip".
  virtual std::string kind() const = 0;

  // Returns OK if the augmentation can change samples of `shape`, in which kUnknown is an extent
  // that varies. The message of an error names the shapes that it can change.
  virtual absl::Status CheckSample(const Shape& shape) const = 0;

  // Changes one sample in place, given in row-major order.
  virtual void Apply(const Shape& extents, Random* random, float* sample) const {
    static_cast<void>(extents);
    static_cast<void>(random);
    static_cast<void>(sample);
  }

  // Returns whether the augmentation mixes samples of a batch instead, in the same way in all
  // sources.
  virtual bool MixesSamples() const { return false; }
  // Returns the share of itself, in [0, 1], that a sample keeps in a mixture.
  virtual double DrawShare(Random* random) const {
    static_cast<void>(random);
    return 1;
  }

  std::optional<std::string> source;  // absent: the one input that the augmentation can change
  double probability = 1;             // that a sample is changed

  // The place in the Kurfile, for messages.
  Location location;
  std::string key;
};

using AugmentationKind = Kind<AugmentationSpec>;
using AugmentationSpecs = std::vector<std::shared_ptr<const AugmentationSpec>>;

// Declares the keys that most augmentations have.
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

// An augmentation of images: samples of the shape (height, width, channels). Immutable once parsed,
// thread-safe.
class ImageAugmentation : public AugmentationSpec {
 public:
  absl::Status CheckSample(const Shape& shape) const override;
};

// An augmentation of sequences, such as spectrograms: samples of the shape (time, features).
// Immutable once parsed, thread-safe.
class SequenceAugmentation : public AugmentationSpec {
 public:
  absl::Status CheckSample(const Shape& shape) const override;
};

// Parses `train.augment` and reports errors.
AugmentationSpecs ParseAugmentations(const Value& augment, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_AUGMENTATION_SPEC_H_
