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
  // Absent: as the first KiB of the file looks.
  std::optional<char> delimiter;
  std::optional<char> quote;
  // The first row names the columns; else they are column_0, column_1, ...
  bool header = true;
  // Absent: all columns, and all hold numbers.
  std::optional<WantedColumns> wanted;
};

// The columns of a table of numbers that is written as text (RFC 4180: cells may be quoted, with
// doubled quotes and line ends inside), each a source of the shape (1,). Empty lines are passed
// over, and so is white space around a cell. A text of a class becomes the number of the class;
// columns that are not wanted may hold anything and are left out. While reading it takes an eighth
// more than the arrays, and a row.
//
// INVALID_ARGUMENT, naming the file (`name`), the line and the column, for a cell that is no number
// or class and for a row with more or fewer cells than the first; RESOURCE_EXHAUSTED for more than
// a million columns. That a wanted column is missing is a diagnostic where it is asked for.
absl::StatusOr<SourceMap> ReadCsvColumns(ByteInput& input, absl::string_view name,
                                         const CsvOptions& options);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_CSV_COLUMNS_H_
