#include "engine/kurfile/specs/layer_spec.h"

#include "absl/strings/str_cat.h"

namespace kur {

int64_t Product(const std::vector<int64_t>& factors) { return NumElements(factors); }

absl::Status RequireOneInput(const std::vector<Shape>& inputs) {
  if (inputs.size() == 1 && !inputs[0].empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("takes one input, but has ", inputs.size(), ""));
}

absl::Status RequireKnownChannels(const Shape& input) {
  if (input.back() != kUnknown) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the last axis of the input must have a known extent; the input is ", ToString(input)));
}

}  // namespace kur
