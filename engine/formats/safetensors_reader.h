#ifndef KUR_ENGINE_FORMATS_SAFETENSORS_READER_H_
#define KUR_ENGINE_FORMATS_SAFETENSORS_READER_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "engine/formats/array.h"
#include "engine/formats/byte_input.h"
#include "engine/formats/npy_reader.h"

namespace kur {

// Reads those tensors of a safetensors file (https://github.com/huggingface/safetensors), by name,
// that `wanted` accepts.
// Converts bfloat16 to float32 and ignores the metadata. Memory is bounded by what the file really
// holds. DATA_LOSS, naming the tensor, if the file is damaged, or if bytes belong to no tensor or
// to two; INVALID_ARGUMENT for wanted ones of other element types. Thread-safe for different
// inputs.
absl::StatusOr<std::map<std::string, Array>> ReadSafetensors(ByteInput& input,
                                                             const ArrayFilter& wanted = AllArrays);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_SAFETENSORS_READER_H_
