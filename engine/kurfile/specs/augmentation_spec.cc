#include "engine/kurfile/specs/augmentation_spec.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/kurfile/schema/list_entry.h"

namespace kur {

absl::Status ImageAugmentation::CheckSample(const Shape& shape) const {
  if (shape.size() == 3 && std::count(shape.begin(), shape.end(), kUnknown) == 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "changes images, of the shape (height, width, channels), not samples of ", ToString(shape)));
}

absl::Status SequenceAugmentation::CheckSample(const Shape& shape) const {
  if (shape.size() == 2 && shape[1] != kUnknown) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "changes sequences, of the shape (time, features), not samples of ", ToString(shape)));
}

AugmentationSpecs ParseAugmentations(const Value& augment, Diagnostics* diagnostics) {
  AugmentationSpecs specs;
  const std::string key = "train.augment";
  if (augment.is_null()) return specs;
  if (!augment.is_list()) {
    ReportType(augment, key, "a list of augmentations", diagnostics);
    return specs;
  }
  for (size_t i = 0; i < augment.as_list().size(); ++i) {
    const auto entry = ParseListEntry(
        NamedEntry(augment.as_list()[i]), absl::StrCat(key, "[", i, "]"),
        {"augmentation", "an augmentation, as in 'flip' or 'crop: {padding: 4}'"}, diagnostics);
    if (!entry) continue;
    auto spec = ParseKind<AugmentationSpec>("augmentation", absl::AsciiStrToLower(entry->kind),
                                            entry->location, entry->arguments, entry->key,
                                            diagnostics, entry->known_sibling_keys);
    if (spec != nullptr) specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace kur
