#include "engine/kurfile/plan/loss_truth.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace kur {
namespace {

bool Fits(const Shape& shape, const Shape& wanted, UnknownExtent unknown) {
  bool suits = shape.size() == wanted.size();
  for (size_t i = 0; suits && i < shape.size(); ++i) {
    suits = shape[i] == wanted[i] || wanted[i] == kUnknown ||
            (shape[i] == kUnknown && unknown == UnknownExtent::kAnything);
  }
  return suits;
}

}  // namespace

absl::Status CheckTruth(const LossSpec& loss, const Shape& output,
                        const std::map<std::string, Shape>& sources, UnknownExtent unknown) {
  const auto truth = loss.Truth(output);
  if (!truth.ok()) {
    return ErrorAt(loss.location, loss.key, std::string(truth.status().message()));
  }
  for (const TruthSource& wanted : *truth) {
    const auto source = sources.find(wanted.name);
    if (source == sources.end()) continue;
    if (std::any_of(wanted.shapes.begin(), wanted.shapes.end(),
                    [&](const Shape& shape) { return Fits(source->second, shape, unknown); })) {
      continue;
    }
    const std::string shapes =
        absl::StrJoin(wanted.shapes, " or ",
                      [](std::string* out, const Shape& shape) { out->append(ToString(shape)); });
    return ErrorAt(
        loss.location, absl::StrCat(loss.key, ".", wanted.key),
        absl::StrCat("the output '", loss.target, "' is ", ToString(output), ", so that ",
                     loss.kind(), " needs samples of ", shapes, " in the data of the name '",
                     wanted.name, "', but they are ", ToString(source->second)));
  }
  return absl::OkStatus();
}

}  // namespace kur
