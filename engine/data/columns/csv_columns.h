#ifndef KUR_ENGINE_DATA_COLUMNS_CSV_COLUMNS_H_
#define KUR_ENGINE_DATA_COLUMNS_CSV_COLUMNS_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/data/columns/wanted_columns.h"
#include "engine/data/source.h"
#include "engine/formats/byte_input.h"
#include "engine/formats/csv_dialect.h"

namespace kur {

struct CsvOptions {
  // The rest is guessed; see CsvRows.
  CsvFormat format;
  // True: the first row names the columns. False: the names are column_0, column_1, ...
  bool header = true;
  // The columns to read. Absent: all columns; all of them hold numbers.
  std::optional<WantedColumns> wanted;
  KeptColumns kept;
  // Hears what was guessed of the table, or left out, that is not as usual.
  std::function<void(const std::string&)> tell = [](const std::string&) {};
};

// Reads a CSV table, as CsvRows does, into a source of the shape (1,) for each column. Skips empty
// lines, and white space around a cell. A cell of a column with classes becomes the number of its
// class. Columns that are not wanted are left out, and may hold anything. Reading takes an eighth
// more memory than the columns, and one row.
//
// A column without a name is called column_N, N counting from 0; of several with one name, the
// second is NAME.1, and so on. An empty cell more than the header has, at the end of the rows, is
// left out, and so are lines of one cell behind the last row: notes.
//
// Returns INVALID_ARGUMENT, naming the file (`name`), the line and the column, for a cell that is
// neither a number nor a class, or that is empty where that is not allowed, and for a row that
// differs from the first in its number of cells; RESOURCE_EXHAUSTED for more than a million
// columns; a diagnostic at its place in the Kurfile for a wanted column that is missing.
absl::StatusOr<SourceMap> ReadCsvColumns(ByteInput& input, absl::string_view name,
                                         const CsvOptions& options);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_CSV_COLUMNS_H_
