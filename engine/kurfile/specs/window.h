#ifndef KUR_ENGINE_KURFILE_SPECS_WINDOW_H_
#define KUR_ENGINE_KURFILE_SPECS_WINDOW_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/schema/fields.h"
#include "engine/value/shape.h"

namespace kur {

// A window that slides over all axes of a sample but the last, for convolutions and pools. With
// border "valid" the window stays inside the input. With "same" the input is padded by size - 1 on
// each axis, half of it (rounded down) in front, so that a stride of 1 keeps the extents.
struct Window {
  std::vector<int64_t> size;
  std::vector<int64_t> strides;  // as many as `size`
  std::string border;            // "valid" or "same"

  // Return the padding in front of and behind an axis.
  int64_t PadBefore(size_t axis) const { return border == "same" ? (size[axis] - 1) / 2 : 0; }
  int64_t PadAfter(size_t axis) const { return border == "same" ? size[axis] / 2 : 0; }
  bool IsSymmetric() const;

  // Returns the shape after the window has passed over `input`, with `channels` on the last axis.
  // INVALID_ARGUMENT, in words for the author of the Kurfile, if the window does not fit.
  absl::StatusOr<Shape> OutputShape(const Shape& input, int64_t channels) const;
};

// Returns INVALID_ARGUMENT unless `input` has as many axes as a window of `rank` axes needs.
absl::Status RequireWindowAxes(const Shape& input, size_t rank);

// Returns the condition on the size of a window.
Condition<std::vector<int64_t>> OneToThreeAxes();

// Returns `strides` for a window of `rank` axes, where a single number holds for all axes.
// INVALID_ARGUMENT if there are neither one nor `rank` strides.
absl::StatusOr<std::vector<int64_t>> ExpandStrides(const std::vector<int64_t>& strides,
                                                   size_t rank);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_WINDOW_H_
