#ifndef KUR_CLIENT_OUTPUT_TEXT_H_
#define KUR_CLIENT_OUTPUT_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace kur::client {

// Columns that UTF-8 text takes on a terminal: combining marks take none, East Asian and emoji
// characters two, and color sequences none.
int DisplayWidth(absl::string_view text);

// `text` cut to at most `width` columns, the last of which then is "…". Keeps color sequences.
std::string Truncate(absl::string_view text, int width);

// Text of strangers made harmless to a terminal: control characters become visible escapes
// ("\x1b"), bytes that are no UTF-8 become "\xNN".
std::string Printable(absl::string_view text);

// One character at the front of UTF-8 text. A byte that begins no character stands for itself.
struct Character {
  size_t bytes = 1;
  int columns = 1;
  bool valid = false;
};
// Precondition: `text` is not empty.
Character FirstCharacter(absl::string_view text);

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_TEXT_H_
