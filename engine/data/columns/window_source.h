#ifndef KUR_ENGINE_DATA_COLUMNS_WINDOW_SOURCE_H_
#define KUR_ENGINE_DATA_COLUMNS_WINDOW_SOURCE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/source.h"
#include "engine/kurfile/specs/series_window.h"

namespace kur {

// Returns the first rows of the windows of `rows` rows. `series` has the number of the series of
// each row, and is empty if all are one. `has_targets` says whether every window needs a row ahead.
std::vector<int64_t> FirstRowsOfWindows(int64_t rows, const std::vector<int64_t>& series,
                                        const SeriesWindow& window, bool has_targets);

// Returns the windows of rows that begin at `first_rows`: samples of the shape (length, shape of a
// row...), or, as targets, the rows ahead of them. A window has the name of its last row.
// INVALID_ARGUMENT if the rows are ragged.
absl::StatusOr<std::shared_ptr<const Source>> MakeWindows(
    std::shared_ptr<const Source> rows, std::shared_ptr<const std::vector<int64_t>> first_rows,
    const SeriesWindow& window, bool is_target);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_WINDOW_SOURCE_H_
