#ifndef KUR_ENGINE_DATA_COLUMNS_PICKLE_COLUMNS_H_
#define KUR_ENGINE_DATA_COLUMNS_PICKLE_COLUMNS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "engine/formats/array.h"
#include "engine/formats/pickle/pickle_value.h"

namespace kur {

// The array that numpy.array(value) would make of an array, of numbers, or of lists of these that
// are nested as a box, in float32 where it is not an array already. INVALID_ARGUMENT for everything
// else, also for lists of unequal lengths; RESOURCE_EXHAUSTED if there are more than `max_elements`
// (a list that holds one list many times is small until it is written out).
absl::StatusOr<Array> ToArray(const PickleValue& value, int64_t max_elements);

// The columns of a pickled dictionary by their names. `file_size` bounds what lists may unfold to.
// INVALID_ARGUMENT, naming the key, if the pickle is no dictionary of columns.
absl::StatusOr<std::map<std::string, Array>> ColumnsFromPickle(const PickleValue& pickle,
                                                               int64_t file_size);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_PICKLE_COLUMNS_H_
