#ifndef KUR_ENGINE_DATA_COLUMNS_JSON_COLUMNS_H_
#define KUR_ENGINE_DATA_COLUMNS_JSON_COLUMNS_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/data/columns/wanted_columns.h"
#include "engine/data/source.h"
#include "engine/formats/byte_input.h"

namespace kur {

// Reads a file with a JSON dictionary on every line into a source for each key of the first line.
// Each line holds one sample of every source: a number, or nested lists of numbers. Lists of one
// depth have one length, but for the outermost list, whose length may differ between samples. Keys
// that are not `wanted` are left out, and may hold anything. A string of a key with classes becomes
// the number of its class. Reading takes an eighth more memory than the columns, and up to 14 times
// the longest line.
//
// A key whose texts are kept holds single values.
//
// Returns INVALID_ARGUMENT, naming the file (`name`) and the line, for any other content; a
// diagnostic at its place in the Kurfile for a wanted key that is missing.
absl::StatusOr<SourceMap> ReadJsonColumns(ByteInput& input, absl::string_view name,
                                          const std::optional<WantedColumns>& wanted = std::nullopt,
                                          const KeptColumns& kept = {});

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_JSON_COLUMNS_H_
