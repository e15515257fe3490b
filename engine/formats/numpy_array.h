#ifndef KUR_ENGINE_FORMATS_NUMPY_ARRAY_H_
#define KUR_ENGINE_FORMATS_NUMPY_ARRAY_H_

#include <cstdint>
#include <string>
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
  // Of texts, the bytes of one, up to zeros at its end; `dtype` is not used then. 0: numbers.
  int64_t text_bytes = 0;
  bool is_unicode = false;  // four bytes a character, rather than one

  bool is_text() const { return text_bytes > 0; }
};

// Parses "<f4", "|u1", "i8", "<U5", "S3" or "O". INVALID_ARGUMENT unless the elements are numbers
// of up to 64 bits, texts or objects.
absl::StatusOr<NumpyType> ParseNumpyType(absl::string_view code);

// Returns the error for an array of objects where numbers are needed.
absl::Status NumpyObjectsError(absl::string_view code);

// Returns the texts of an array, as UTF-8. DATA_LOSS for what is no character, or unless there are
// exactly `count` of them. Precondition: the type is that of texts.
absl::StatusOr<std::vector<std::string>> NumpyTexts(const NumpyType& type, int64_t count,
                                                    absl::string_view bytes);

// Makes an array from elements as NumPy stores them: in either byte order, and column by column if
// `fortran_order`. INVALID_ARGUMENT unless there are exactly as many bytes as the shape needs.
absl::StatusOr<Array> MakeNumpyArray(const NumpyType& type, std::vector<int64_t> shape,
                                     bool fortran_order, Array::Bytes bytes);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_NUMPY_ARRAY_H_
