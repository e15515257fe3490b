#ifndef KUR_ENGINE_FORMATS_PICKLE_PICKLE_READER_H_
#define KUR_ENGINE_FORMATS_PICKLE_PICKLE_READER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/pickle/pickle_value.h"

namespace kur {

struct PickleLimits {
  // Objects that a pickle may create. Raise it for pickles of many small objects; numbers in such
  // quantity belong in a numpy array, which is one object.
  int64_t max_objects = 20'000'000;
  // Nesting of containers.
  int max_depth = 100;
};

// Reads a Python pickle of any protocol (0 to 5), also from Python 2 and NumPy 1 or 2, as data: no
// code is ever run or looked up. Refuses a pickle that names a class or function that PickleValue's
// types do not need; the message gives the name. numpy arrays become row-major arrays in the byte
// order of this machine, and numpy numbers arrays without axes. A str of Python 2 is read as
// Latin-1, OrderedDict as dict, frozenset as set, bytearray as bytes, and an array without axes
// around a Python object as a list of that object. Memory is bounded by the limits and a small
// multiple of the size of the pickle.
//
// DATA_LOSS for a damaged pickle, INVALID_ARGUMENT for one that holds more than data,
// RESOURCE_EXHAUSTED beyond the limits; each names the file and the offset. Thread-safe.
absl::StatusOr<PickleValue> ReadPickle(const std::string& path, const PickleLimits& limits = {});

// Parses a pickle in memory. Messages call the pickle `name`.
absl::StatusOr<PickleValue> ParsePickle(absl::string_view data, absl::string_view name,
                                        const PickleLimits& limits = {});

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_PICKLE_PICKLE_READER_H_
