#ifndef KUR_ENGINE_KURFILE_SPECS_WINDOW_H_
#define KUR_ENGINE_KURFILE_SPECS_WINDOW_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/schema/fields.h"
#include "engine/value/shape.h"

namespace kur {

// A window that slides over the axes of a sample before the last one, as convolutions and pools do.
// With border "valid" it stays inside; with "same" the input is padded by size - 1 on each axis,
// half of it (rounded down) in front, so that a stride of 1 keeps the extents.
struct Window {
  std::vector<int64_t> size;
  std::vector<int64_t> strides;  // as many as `size`
  std::string border;            // "valid" or "same"

  // Padding in front of and behind an axis.
  int64_t PadBefore(size_t axis) const { return border == "same" ? (size[axis] - 1) / 2 : 0; }
  int64_t PadAfter(size_t axis) const { return border == "same" ? size[axis] / 2 : 0; }
  bool IsSymmetric() const;

  // The shape after the window has passed over `input`, with `channels` on the last axis.
  // INVALID_ARGUMENT, in words for the author of the Kurfile, if it does not fit.
  absl::StatusOr<Shape> OutputShape(const Shape& input, int64_t channels) const;
};

// INVALID_ARGUMENT unless `input` has as many axes as a window of `rank` axes needs.
absl::Status RequireWindowAxes(const Shape& input, size_t rank);

// What the size of a window must be.
Condition<std::vector<int64_t>> OneToThreeAxes();

// `strides` for a window of `rank` axes: one number holds for all of them. INVALID_ARGUMENT if
// there are neither one nor `rank`.
absl::StatusOr<std::vector<int64_t>> ExpandStrides(const std::vector<int64_t>& strides,
                                                   size_t rank);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_WINDOW_H_
