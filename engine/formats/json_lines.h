#ifndef KUR_ENGINE_FORMATS_JSON_LINES_H_
#define KUR_ENGINE_FORMATS_JSON_LINES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/formats/byte_input.h"

namespace kur {

// What is told of a file with a JSON dictionary on every line. A status that is not OK ends the
// reading; it need not say where, unless it holds diagnostics, which are passed on as they are.
class JsonLineHandler {
 public:
  virtual ~JsonLineHandler() = default;

  // A key of the line's dictionary. What follows until the next key is its value, of which nothing
  // is told, whatever it is, if false is returned.
  virtual absl::StatusOr<bool> Key(const std::string& key) = 0;
  // Also true and false, as 1 and 0.
  virtual absl::Status Number(double value) = 0;
  virtual absl::Status String(const std::string& value) = 0;
  // `depth` lists are open around this one.
  virtual absl::Status BeginList(int64_t depth) = 0;
  virtual absl::Status EndList(int64_t depth) = 0;
  virtual absl::Status EndLine() = 0;
};

// A number as text: whole ones as people write them, others with the digits that tell them apart.
std::string JsonNumberText(double value);

// Reads such a file, one line at a time, without building the values; blank lines are passed over.
// INVALID_ARGUMENT for what is no JSON dictionary, and where a value is told of for null,
// dictionaries in the dictionary and more than 32 lists in each other, RESOURCE_EXHAUSTED for a
// line of more than 64 MB; every error names the file, `name`, and the line.
absl::Status ReadJsonLines(ByteInput& input, absl::string_view name, JsonLineHandler* handler);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_JSON_LINES_H_
