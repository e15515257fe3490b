#ifndef KUR_ENGINE_DATA_COLUMNS_PICKLE_COLUMNS_H_
#define KUR_ENGINE_DATA_COLUMNS_PICKLE_COLUMNS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "engine/formats/array.h"
#include "engine/formats/pickle/pickle_value.h"

namespace kur {

// Converts a value as numpy.array(value) does. An array is returned as it is; a number, or nested
// lists of numbers and arrays, become an array of float32. Returns INVALID_ARGUMENT for any other
// value and for lists of unequal lengths; RESOURCE_EXHAUSTED for more than `max_elements` (a small
// pickle can hold one list many times).
absl::StatusOr<Array> ToArray(const PickleValue& value, int64_t max_elements);

// Converts the values of a pickled dictionary with ToArray(). `file_size`, in bytes, bounds the
// number of elements. Returns INVALID_ARGUMENT, naming the key, unless the pickle is a dictionary
// of strings to such values.
absl::StatusOr<std::map<std::string, Array>> ColumnsFromPickle(const PickleValue& pickle,
                                                               int64_t file_size);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_PICKLE_COLUMNS_H_
