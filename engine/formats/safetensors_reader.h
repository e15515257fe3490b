#ifndef KUR_ENGINE_FORMATS_SAFETENSORS_READER_H_
#define KUR_ENGINE_FORMATS_SAFETENSORS_READER_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "engine/formats/array.h"
#include "engine/formats/byte_input.h"

namespace kur {

// Reads the tensors of a safetensors file (https://github.com/huggingface/safetensors) by their
// names; bfloat16, which NumPy does not have, becomes float32. The metadata are passed over. Memory
// is bounded by what is really there. DATA_LOSS, naming the tensor, for a file that is damaged or
// that has bytes which belong to no tensor or to two; INVALID_ARGUMENT for elements of other types.
absl::StatusOr<std::map<std::string, Array>> ReadSafetensors(ByteInput& input);

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_SAFETENSORS_READER_H_
