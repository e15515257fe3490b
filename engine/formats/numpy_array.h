#ifndef KUR_ENGINE_FORMATS_NUMPY_ARRAY_H_
#define KUR_ENGINE_FORMATS_NUMPY_ARRAY_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/array.h"

namespace kur {

// The type of the elements of a numpy array, as pickles and NPY files have it.
struct NumpyType {
  DType dtype = DType::kUint8;
  bool big_endian = false;
  bool is_object = false;  // Python objects; `dtype` means nothing then
};

// "<f4", "|u1", "i8", "O". INVALID_ARGUMENT for a type whose elements are no numbers of up to 64
// bits.
absl::StatusOr<NumpyType> ParseNumpyType(absl::string_view code);

// The status that says that an array of objects cannot be read as numbers.
absl::Status NumpyObjectsError(absl::string_view code);

// The array of elements as numpy stores them: in either byte order, and column by column if
// `fortran_order`. INVALID_ARGUMENT unless there are exactly as many bytes as the shape needs.
absl::StatusOr<Array> MakeNumpyArray(const NumpyType& type, std::vector<int64_t> shape,
                                     bool fortran_order, Array::Bytes bytes);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_NUMPY_ARRAY_H_
