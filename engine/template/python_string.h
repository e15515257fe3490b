#ifndef KUR_ENGINE_TEMPLATE_PYTHON_STRING_H_
#define KUR_ENGINE_TEMPLATE_PYTHON_STRING_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace kur::jinja {

// Returns whether a name may have this byte: a letter, a digit, "_" or a part of a longer
// character.
bool IsNameByte(char c);

// Resolves the escapes of a Python string literal's content ("\n", "\x41", "\u00e9", octal; an
// unknown escape stays as it is). False for a malformed or unrepresentable one (a surrogate, \N).
bool ResolveEscapes(absl::string_view content, std::string* text);

// A number in Python's syntax (123, 1_000, 0x1F, 0o7, 0b1, 1.5, .5, 1e3).
struct PythonNumber {
  size_t length = 0;  // bytes that were read; 0 if there is no number
  bool is_float = false;
  bool overflow = false;  // an integer that does not fit in 64 bits
  int64_t integer = 0;
  double number = 0;
};
// Reads the number at the start of `text`.
PythonNumber ReadNumber(absl::string_view text);

// Each reads a whole text as int() or float() of Python do: white space around it, a sign,
// underscores between digits. Returns false if it is no number, or does not fit.
bool ReadInteger(absl::string_view text, int64_t* value);
bool ReadFloat(absl::string_view text, double* value);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_PYTHON_STRING_H_
