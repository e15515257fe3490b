#ifndef KUR_ENGINE_FORMATS_NUMPY_ARRAY_H_
#define KUR_ENGINE_FORMATS_NUMPY_ARRAY_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/array.h"

namespace kur {

// The element type of a NumPy array, as pickles and NPY files describe it.
struct NumpyType {
  DType dtype = DType::kUint8;
  bool big_endian = false;
  bool is_object = false;  // Python objects; `dtype` is not used then
};

// Parses "<f4", "|u1", "i8" or "O". INVALID_ARGUMENT unless the elements are numbers of up to 64
// bits or objects.
absl::StatusOr<NumpyType> ParseNumpyType(absl::string_view code);

// Returns the error for an array of objects where numbers are needed.
absl::Status NumpyObjectsError(absl::string_view code);

// Makes an array from elements as NumPy stores them: in either byte order, and column by column if
// `fortran_order`. INVALID_ARGUMENT unless there are exactly as many bytes as the shape needs.
absl::StatusOr<Array> MakeNumpyArray(const NumpyType& type, std::vector<int64_t> shape,
                                     bool fortran_order, Array::Bytes bytes);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_NUMPY_ARRAY_H_
