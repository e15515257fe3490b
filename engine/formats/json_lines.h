#ifndef KUR_ENGINE_FORMATS_JSON_LINES_H_
#define KUR_ENGINE_FORMATS_JSON_LINES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/formats/byte_input.h"

namespace kur {

// Receives the content of a file with a JSON dictionary on every line. A status that is not OK ends
// the reading. Its message need not name the place, which the reader adds, except to diagnostics.
// Called from one thread.
class JsonLineHandler {
 public:
  virtual ~JsonLineHandler() = default;

  // Receives a key of the line's dictionary. The calls until the next key describe its value.
  // Returns false to skip the value, whatever its type.
  virtual absl::StatusOr<bool> Key(const std::string& key) = 0;
  // Receives a number, or true or false as 1 or 0.
  virtual absl::Status Number(double value) = 0;
  // Receives a number as it is written, if the handler wants that, which takes longer.
  virtual bool WantsDigits() const { return false; }
  virtual absl::Status Digits(double value, const std::string& text) {
    static_cast<void>(text);
    return Number(value);
  }
  virtual absl::Status String(const std::string& value) = 0;
  // Receives a null, and NaN, which Python writes for none.
  virtual absl::Status Null() {
    return absl::InvalidArgumentError("it holds null where a number or a list is expected");
  }
  // Receives the beginning of a list inside `depth` other lists.
  virtual absl::Status BeginList(int64_t depth) = 0;
  virtual absl::Status EndList(int64_t depth) = 0;
  // `line` counts from 1, blank lines too.
  virtual absl::Status EndLine(int64_t line) = 0;
};

// Formats a number: a whole one as people write it, any other with the digits that identify it.
std::string JsonNumberText(double value);

// Reads such a file, one line at a time, without building the values; skips blank lines. A file
// that is a list of such dictionaries is read, too, whole. Every error names the file, `name`, and
// the line: INVALID_ARGUMENT for a line that is not a JSON dictionary, and for a nested dictionary
// or more than 32 nested lists in a value that is not skipped; RESOURCE_EXHAUSTED for a line, or a
// list, of more than 64 MB. Thread-safe for different inputs and handlers.
absl::Status ReadJsonLines(ByteInput& input, absl::string_view name, JsonLineHandler* handler);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_JSON_LINES_H_
