#ifndef KUR_ENGINE_FORMATS_CSV_DIALECT_H_
#define KUR_ENGINE_FORMATS_CSV_DIALECT_H_

#include "absl/strings/string_view.h"

namespace kur {

// Which characters divide a table that is written as text.
struct CsvDialect {
  char delimiter = ',';
  char quote = '"';
};

// Guesses the dialect from the beginning of a file: the delimiter is that of comma, tab,
// semicolon, bar, colon and space which is there equally often in every line, the first of these if
// there are several; a comma if there is none. `is_whole` says that the file ends there.
CsvDialect SniffCsvDialect(absl::string_view start, bool is_whole);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_CSV_DIALECT_H_
