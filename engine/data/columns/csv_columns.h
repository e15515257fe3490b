#ifndef KUR_ENGINE_DATA_COLUMNS_CSV_COLUMNS_H_
#define KUR_ENGINE_DATA_COLUMNS_CSV_COLUMNS_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/data/columns/wanted_columns.h"
#include "engine/data/source.h"
#include "engine/formats/byte_input.h"

namespace kur {

struct CsvOptions {
  // Absent: guessed from the first KiB of the file. Set them if the guess is wrong.
  std::optional<char> delimiter;
  std::optional<char> quote;
  // True: the first row names the columns. False: the names are column_0, column_1, ...
  bool header = true;
  // The columns to read. Absent: all columns; all of them hold numbers.
  std::optional<WantedColumns> wanted;
};

// Reads a CSV table (RFC 4180: quoted cells may hold doubled quotes and line ends) into a source of
// the shape (1,) for each column. Skips empty lines, and white space around a cell. A cell of a
// column with classes becomes the number of its class. Columns that are not wanted are left out,
// and may hold anything. Reading takes an eighth more memory than the columns, and one row.
//
// Returns INVALID_ARGUMENT, naming the file (`name`), the line and the column, for a cell that is
// neither a number nor a class, and for a row that differs from the first in its number of cells;
// RESOURCE_EXHAUSTED for more than a million columns; a diagnostic at its place in the Kurfile for
// a wanted column that is missing.
absl::StatusOr<SourceMap> ReadCsvColumns(ByteInput& input, absl::string_view name,
                                         const CsvOptions& options);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_CSV_COLUMNS_H_
