#ifndef KUR_ENGINE_FORMATS_NPY_READER_H_
#define KUR_ENGINE_FORMATS_NPY_READER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/array.h"
#include "engine/formats/byte_input.h"
#include "engine/formats/pickle/pickle_value.h"

namespace kur {

// What stands in front of the elements of a NPY file.
struct NpyHeader {
  std::string type;  // of the elements: "<f4"
  bool fortran_order = false;
  std::vector<int64_t> shape;
};

// Reads the header of a NPY file (format 1.0 to 3.0); the elements follow. DATA_LOSS if it is none.
absl::StatusOr<NpyHeader> ReadNpyHeader(ByteInput& input);

// Reads a NPY file of booleans, integers or floats, in either byte order and either order of axes.
// Memory is bounded by what is really there; a file that needs no conversion is mapped. DATA_LOSS
// for a damaged file, INVALID_ARGUMENT for other elements.
absl::StatusOr<Array> ReadNpy(ByteInput& input);

// Reads what numpy.save() makes of a dictionary (or of any object): a NPY file with a pickle of the
// object in an array without axes. As ReadPickle().
absl::StatusOr<PickleValue> ReadNpyObject(ByteInput& input);

// Reads the arrays of a NPZ file (a zip of NPY files, stored or deflated), by their names without
// ".npy". The errors of ReadNpy() name the array.
absl::StatusOr<std::map<std::string, Array>> ReadNpz(const std::string& path);
// The same for bytes in memory.
absl::StatusOr<std::map<std::string, Array>> ParseNpz(absl::string_view data);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_NPY_READER_H_
