#ifndef KUR_ENGINE_FORMATS_CSV_DIALECT_H_
#define KUR_ENGINE_FORMATS_CSV_DIALECT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace kur {

// How a text table is written.
struct CsvDialect {
  static constexpr char kNone = '\0';

  char delimiter = ',';
  char quote = '"';
  char decimal = '.';         // between the whole part of a number and its fraction
  char thousands = kNone;     // between groups of three digits of the whole part
  int64_t skipped_lines = 0;  // before the header: "sep=;", or a title
};

// What a person has said of a table; the rest is guessed.
struct CsvFormat {
  std::optional<char> delimiter;
  std::optional<char> quote;
  std::optional<char> decimal;
  std::optional<char> thousands;
};

// Guesses from the beginning of a file what `format` does not say. `is_whole` says that `start` is
// the whole file.
// - The first line "sep=;", as spreadsheets write it, tells the delimiter.
// - Otherwise the delimiter is that of comma, tab, semicolon and bar which gives most lines the
// same
//   number of cells, then most cells that are numbers; if at most half of the lines agree, a colon
//   or a space that divides all alike, or a comma.
// - Quotes are double, unless there is none and every line has a cell between single quotes.
// - Lines before the first one with a delimiter are a title.
// - The decimal mark is a comma, or commas or points divide thousands, if numbers are there that
//   cannot be read otherwise, and none that says something else.
CsvDialect DetectCsvDialect(absl::string_view start, bool is_whole, const CsvFormat& format);

// Says what of a dialect is not as in most tables, for people: "divided by ';', with decimal
// commas". Empty: nothing.
std::string DescribeDialect(const CsvDialect& dialect);

// Returns the name of a delimiter for messages: "','", "tabs".
std::string DelimiterText(char delimiter);

// What a cell holds where a number is expected.
enum class CellNumber {
  kNumber,
  kNothing,    // a gap: no text, or what programs write for none: NA, NaN, null, ?, -
  kAmbiguous,  // one comma or point before three digits, of which nothing tells what it is
  kText,
};

// Reads a cell. A number beyond the range of float32 becomes infinite or zero.
CellNumber ReadNumber(absl::string_view cell, const CsvDialect& dialect, float* number);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_CSV_DIALECT_H_
