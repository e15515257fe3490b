#ifndef KUR_ENGINE_DATA_COLUMNS_PICKLE_COLUMNS_H_
#define KUR_ENGINE_DATA_COLUMNS_PICKLE_COLUMNS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "engine/data/columns/wanted_columns.h"
#include "engine/data/source.h"
#include "engine/formats/array.h"
#include "engine/formats/pickle/pickle_value.h"

namespace kur {

// Converts a value as numpy.array(value) does. An array is returned as it is; a number, or nested
// lists of numbers and arrays, become an array of float32. Returns INVALID_ARGUMENT for any other
// value and for lists of unequal lengths; RESOURCE_EXHAUSTED for more than `max_elements` (a small
// pickle can hold one list many times). None is NaN where there may be gaps.
absl::StatusOr<Array> ToArray(const PickleValue& value, int64_t max_elements,
                              bool may_have_gaps = false);

// Values by their names.
using NamedValues = std::map<std::string, PickleValue>;

// Returns how many elements values may have that were read from a file of so many bytes: a number
// takes at least a byte, unless a pickle refers to a list repeatedly.
int64_t MostElements(int64_t file_size);

// Makes a source of each value that is wanted, or of all: of what ToArray() converts; of a list of
// such values that differ in their first extent, ragged; of a list of texts in a column with
// classes. Returns INVALID_ARGUMENT, naming the value, for anything else.
absl::StatusOr<SourceMap> SourcesFromValues(const NamedValues& values, int64_t max_elements,
                                            const std::optional<WantedColumns>& wanted);

// Does the same for the values of a pickled dictionary. `file_size`, in bytes, bounds the number of
// elements. Returns INVALID_ARGUMENT also unless the pickle is a dictionary whose keys are strings;
// a diagnostic at its place in the Kurfile for a wanted column that is missing.
absl::StatusOr<SourceMap> SourcesFromPickle(const PickleValue& pickle, int64_t file_size,
                                            const std::optional<WantedColumns>& wanted);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_PICKLE_COLUMNS_H_
