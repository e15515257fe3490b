#ifndef KUR_ENGINE_TRAIN_TORCH_ERROR_H_
#define KUR_ENGINE_TRAIN_TORCH_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace kur {

// Returns the first line of an error of torch, which puts a backtrace behind it, without where in
// its sources it was thrown.
std::string FirstLine(absl::string_view text);

// Returns RESOURCE_EXHAUSTED with what to do. `text` says whose memory, and how much was wanted, as
// torch does; only its first line counts, which has the sizes.
absl::Status OutOfMemory(absl::string_view text);

// Returns what `text`, an error of torch or of one of CUDA's libraries, means: RESOURCE_EXHAUSTED
// if there was not enough memory, FAILED_PRECONDITION if the operator or the Kurfile can change it,
// UNAVAILABLE if the card has failed, and INTERNAL otherwise. Only the first line of `text` counts:
// torch puts a backtrace behind it. A pure function.
absl::Status TorchError(absl::string_view text);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_TORCH_ERROR_H_
