#ifndef KUR_CLIENT_OUTPUT_TEXT_H_
#define KUR_CLIENT_OUTPUT_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace kur::client {

// Returns the number of columns that UTF-8 text takes on a terminal: none for combining marks and
// color sequences, two for East Asian and emoji characters.
int DisplayWidth(absl::string_view text);

// Cuts `text` to at most `width` columns; a cut text ends in "…". Keeps color sequences.
std::string Truncate(absl::string_view text, int width);

// Makes untrusted text safe for a terminal: replaces control characters and bytes that are not
// UTF-8 by "\xNN".
std::string Printable(absl::string_view text);

// The first character of UTF-8 text. A byte that begins no character counts as one, not valid.
struct Character {
  size_t bytes = 1;
  int columns = 1;
  bool valid = false;
};
// Decodes the first character of `text`, which must not be empty.
Character FirstCharacter(absl::string_view text);

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_TEXT_H_
