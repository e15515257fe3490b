#include "engine/kurfile/specs/window.h"

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur {

bool Window::IsSymmetric() const {
  for (size_t axis = 0; axis < size.size(); ++axis) {
    if (PadBefore(axis) != PadAfter(axis)) return false;
  }
  return true;
}

absl::StatusOr<Shape> Window::OutputShape(const Shape& input, int64_t channels) const {
  KUR_RETURN_IF_ERROR(RequireWindowAxes(input, size.size()));
  Shape output;
  for (size_t axis = 0; axis < size.size(); ++axis) {
    if (input[axis] == kUnknown) {
      output.push_back(kUnknown);
      continue;
    }
    const int64_t padded = input[axis] + PadBefore(axis) + PadAfter(axis);
    if (padded < size[axis]) {
      return absl::InvalidArgumentError(
          absl::StrCat("a window of ", size[axis], " does not fit axis ", axis, " of the input ",
                       ToString(input), "; use a smaller size or 'border: same'"));
    }
    output.push_back((padded - size[axis]) / strides[axis] + 1);
  }
  output.push_back(channels);
  return output;
}

absl::Status RequireWindowAxes(const Shape& input, size_t rank) {
  if (input.size() == rank + 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "a window of ", rank, " axes needs samples of ", rank + 1,
      " axes (the last is the channels), but the input has the shape ", ToString(input)));
}

Condition<std::vector<int64_t>> OneToThreeAxes() {
  return {"one to three numbers of at least 1", [](const std::vector<int64_t>& size) {
            return size.size() <= 3 && EachAtLeast(1).holds(size);
          }};
}

absl::StatusOr<std::vector<int64_t>> ExpandStrides(const std::vector<int64_t>& strides,
                                                   size_t rank) {
  if (strides.size() == rank) return strides;
  if (strides.size() == 1) return std::vector<int64_t>(rank, strides[0]);
  return absl::InvalidArgumentError(absl::StrCat("'strides' has ", strides.size(),
                                                 " numbers, but 'size' has ", rank,
                                                 "; give one or as many"));
}

}  // namespace kur
