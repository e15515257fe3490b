#ifndef KUR_ENGINE_DATA_COLUMNS_WINDOW_SOURCE_H_
#define KUR_ENGINE_DATA_COLUMNS_WINDOW_SOURCE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "engine/data/source.h"
#include "engine/kurfile/specs/series_window.h"

namespace kur {

// Returns the windows of a series: samples of the shape (length, shape of a row...), or, as
// targets, the rows ahead of them. `has_targets` says whether every window needs such a row. A
// window has the name of its last row. INVALID_ARGUMENT if there is no window, or if the rows are
// ragged.
absl::StatusOr<std::shared_ptr<const Source>> MakeWindows(std::shared_ptr<const Source> series,
                                                          const SeriesWindow& window,
                                                          bool is_target, bool has_targets);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_WINDOW_SOURCE_H_
