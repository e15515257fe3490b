#ifndef KUR_ENGINE_FORMATS_NPY_READER_H_
#define KUR_ENGINE_FORMATS_NPY_READER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/array.h"
#include "engine/formats/byte_input.h"
#include "engine/formats/pickle/pickle_value.h"

namespace kur {

// The header of an NPY file.
struct NpyHeader {
  std::string type;  // of the elements: "<f4"
  bool fortran_order = false;
  std::vector<int64_t> shape;
};

// Reads the header of an NPY file (format 1.0 to 3.0), which the elements follow. DATA_LOSS if
// there is no valid header.
absl::StatusOr<NpyHeader> ReadNpyHeader(ByteInput& input);

// Reads an NPY file of booleans, integers or floats, in either byte order and either order of axes.
// Maps a file that needs no conversion. Memory is bounded by what the file really holds. DATA_LOSS
// for a damaged file, INVALID_ARGUMENT for other element types.
absl::StatusOr<Array> ReadNpy(ByteInput& input);

// Reads an NPY file of what ReadNpy() reads, as an array, or of texts or of objects along one axis,
// as a list of them: texts become str, an object what ReadPickle() makes of it.
absl::StatusOr<PickleValue> ReadNpyValue(ByteInput& input);

// Reads a Python object that numpy.save() wrote: an NPY file whose array, without axes, is a
// pickle. See ReadPickle().
absl::StatusOr<PickleValue> ReadNpyObject(ByteInput& input);

// Says whether to read the array of that name. Called once for each, in the order of the file.
using ArrayFilter = std::function<bool(const std::string& name)>;
inline bool AllArrays(const std::string& /*name*/) { return true; }

// Reads arrays of an NPZ file (a zip of NPY files, stored or deflated) by their names without
// ".npy". Errors are those of ReadNpyValue() and name the array.
absl::StatusOr<std::map<std::string, PickleValue>> ReadNpz(const std::string& path,
                                                           const ArrayFilter& wanted = AllArrays);
// Parses an NPZ file in memory.
absl::StatusOr<std::map<std::string, PickleValue>> ParseNpz(absl::string_view data,
                                                            const ArrayFilter& wanted = AllArrays);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_NPY_READER_H_
