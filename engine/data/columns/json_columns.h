#ifndef KUR_ENGINE_DATA_COLUMNS_JSON_COLUMNS_H_
#define KUR_ENGINE_DATA_COLUMNS_JSON_COLUMNS_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/data/columns/wanted_columns.h"
#include "engine/data/source.h"
#include "engine/formats/byte_input.h"

namespace kur {

// The sources of a file of JSON dictionaries, one on every line: each key of the first line names
// one, each line holds a sample of all of them. A sample is a number or lists of numbers that are
// nested as a box; samples of one key may differ in their first extent. Of keys that are not
// `wanted`, the values may be anything; texts are numbers where `wanted` says which class each
// stands for. While reading it takes an eighth more than the arrays, and up to 14 times the longest
// line.
//
// INVALID_ARGUMENT, naming the file (`name`) and the line, for everything else; a diagnostic at its
// place in the Kurfile for what is wanted and not there.
absl::StatusOr<SourceMap> ReadJsonColumns(
    ByteInput& input, absl::string_view name,
    const std::optional<WantedColumns>& wanted = std::nullopt);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_JSON_COLUMNS_H_
