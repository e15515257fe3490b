#include "engine/kurfile/plan/length_scaler.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace kur {
namespace {

// Longer than any window: a layer that cannot be applied to this length accepts no other length.
constexpr int64_t kLong = int64_t{1} << 20;

}  // namespace

LengthScaler::LengthScaler(const ModelPlan& plan, std::string input, std::string output)
    : plan_(plan),
      input_(std::move(input)),
      output_(std::move(output)),
      needed_(plan.layers.size(), false) {
  for (size_t i = plan.layers.size(); i-- > 0;) {
    const PlannedLayer& layer = plan.layers[i];
    if (layer.name == output_) needed_[i] = true;
    if (!needed_[i]) continue;
    for (const int from : layer.inputs) needed_[static_cast<size_t>(from)] = true;
  }
}

absl::StatusOr<int64_t> LengthScaler::Scale(int64_t length) {
  if (length == 0) return 0;
  const auto known = known_.find(length);
  if (known != known_.end()) return known->second;
  auto scaled = Infer(length);
  if (!scaled.ok() && Infer(kLong).ok()) scaled = 0;
  if (scaled.ok()) known_[length] = *scaled;
  return scaled;
}

absl::StatusOr<int64_t> LengthScaler::Infer(int64_t length) const {
  std::vector<Shape> shapes(plan_.layers.size());
  for (size_t i = 0; i < plan_.layers.size(); ++i) {
    const PlannedLayer& layer = plan_.layers[i];
    if (!needed_[i]) continue;
    shapes[i] = layer.shape;
    if (layer.name == input_ && !layer.shape.empty()) {
      shapes[i][0] = length;
    } else if (!layer.spec->IsInput()) {
      std::vector<Shape> inputs;
      for (const int from : layer.inputs) inputs.push_back(shapes[static_cast<size_t>(from)]);
      auto inferred = OutputShape(layer, inputs);
      if (!inferred.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("for a length of ", length, " in '", input_, "', the layer '", layer.name,
                         "' cannot be applied: ", inferred.status().message()));
      }
      shapes[i] = *std::move(inferred);
    }
    if (layer.name != output_) continue;
    if (!shapes[i].empty() && shapes[i][0] != kUnknown) return shapes[i][0];
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the length of '", output_, "' cannot be inferred from that of '", input_, "'"));
}

}  // namespace kur
