#ifndef KUR_ENGINE_FORMATS_PICKLE_PICKLE_READER_H_
#define KUR_ENGINE_FORMATS_PICKLE_PICKLE_READER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/pickle/pickle_value.h"

namespace kur {

struct PickleLimits {
  // Objects that a pickle may make. Many numbers belong in a numpy array, which is one object.
  int64_t max_objects = 20'000'000;
  // Containers in containers.
  int max_depth = 100;
};

// Reads a Python pickle of any protocol (0 to 5), also one that Python 2 or NumPy 1 or 2 wrote, as
// data: no code is ever run or looked up. A pickle that names a class or function other than those
// by which the types of PickleValue are written is refused, and the message names it. numpy arrays
// come out in row-major order and in this machine's byte order; numpy numbers as arrays of no axes;
// a str of Python 2 as if it were Latin-1; OrderedDict as dict; frozenset as set; bytearray as
// bytes; an array without axes around a Python object as a list of that object. Memory is bounded
// by the limits and a small multiple of the size of the pickle.
//
// DATA_LOSS for a damaged pickle, INVALID_ARGUMENT for one that holds more than data,
// RESOURCE_EXHAUSTED beyond the limits; each names the file and the offset.
absl::StatusOr<PickleValue> ReadPickle(const std::string& path, const PickleLimits& limits = {});

// The same for bytes in memory; `name` stands for the file in messages.
absl::StatusOr<PickleValue> ParsePickle(absl::string_view data, absl::string_view name,
                                        const PickleLimits& limits = {});

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_PICKLE_PICKLE_READER_H_
