#include "engine/train/torch_error.h"

#include <array>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace kur {
namespace {

// The texts of torch 1.13 to 2.15 for memory that could not be had. "memory" alone says little: an
// illegal access is another matter.
constexpr std::array<const char*, 11> kOutOfMemory = {"out of memory",
                                                      "you tried to allocate",
                                                      "Cannot allocate memory",
                                                      "cudaErrorMemoryAllocation",
                                                      "CUBLAS_STATUS_ALLOC_FAILED",
                                                      "CUDNN_STATUS_ALLOC_FAILED",
                                                      "_ALLOCATION_FAILED",
                                                      "CUSOLVER_STATUS_ALLOC_FAILED",
                                                      "CUSPARSE_STATUS_ALLOC_FAILED",
                                                      "CUFFT_ALLOC_FAILED",
                                                      "Unable to find a valid cuDNN algorithm"};

struct Meaning {
  const char* text;
  absl::StatusCode code;
  const char* before;
  const char* advice;
};

constexpr char kOtherCard[] = "this card is not one that the libtorch of kurd was built for: ";
constexpr char kBuildAnew[] = "; build kurd with another libtorch (deploy/install-libtorch.sh)";
constexpr char kFailed[] = "the card has failed: ";
constexpr char kLookAtIt[] =
    "; the other jobs on this card will tell whether it is the card or this model";

constexpr std::array<Meaning, 13> kMeanings = {
    {{"deterministic implementation", absl::StatusCode::kFailedPrecondition,
      "the model cannot be trained with train.deterministic: ", ""},
     {"no kernel image is available", absl::StatusCode::kFailedPrecondition, kOtherCard,
      kBuildAnew},
     {"device kernel image is invalid", absl::StatusCode::kFailedPrecondition, kOtherCard,
      kBuildAnew},
     {"driver version is insufficient", absl::StatusCode::kFailedPrecondition,
      "there is no NVIDIA driver, or it is older than the libtorch of kurd wants: ",
      "; install or update the driver"},
     {"driver on your system is too old", absl::StatusCode::kFailedPrecondition,
      "there is no NVIDIA driver, or it is older than the libtorch of kurd wants: ",
      "; install or update the driver"},
     {"devices are busy or unavailable", absl::StatusCode::kUnavailable,
      "the card is taken: ", "; another program has it for itself (its compute mode is exclusive)"},
     {"no CUDA-capable device", absl::StatusCode::kUnavailable, kFailed, "; nvidia-smi says more"},
     {"ECC error", absl::StatusCode::kUnavailable, kFailed, "; nvidia-smi -q says more"},
     {"unspecified launch failure", absl::StatusCode::kUnavailable, kFailed, kLookAtIt},
     {"illegal memory access", absl::StatusCode::kInternal,
      "a kernel on the card went wrong: ", kLookAtIt},
     {"misaligned address", absl::StatusCode::kInternal,
      "a kernel on the card went wrong: ", kLookAtIt},
     {"illegal instruction", absl::StatusCode::kInternal,
      "a kernel on the card went wrong: ", kLookAtIt},
     {"device-side assert", absl::StatusCode::kInternal,
      "a kernel on the card found a number that it cannot work with: ",
      "; an index or a class may be out of range"}}};

}  // namespace

std::string FirstLine(absl::string_view text) {
  std::pair<absl::string_view, absl::string_view> lines =
      absl::StrSplit(text, absl::MaxSplits('\n', 1));
  absl::string_view line = lines.first;
  if (absl::StartsWith(line, "[enforce fail at")) {
    const size_t end = line.find("] . ");
    if (end != absl::string_view::npos) line.remove_prefix(end + 4);
  }
  // What follows is advice on variables of the environment, which no user of kurd has.
  line = line.substr(0, line.find(" If reserved but unallocated memory is large"));
  return std::string(absl::StripAsciiWhitespace(line));
}

absl::Status OutOfMemory(absl::string_view text) {
  return absl::ResourceExhaustedError(absl::StrCat(
      "out of memory (", FirstLine(text), "); use a smaller batch_size or a smaller model"));
}

absl::Status TorchError(absl::string_view text) {
  const std::string line = FirstLine(text);
  for (const char* pattern : kOutOfMemory) {
    if (absl::StrContains(line, pattern)) return OutOfMemory(line);
  }
  for (const Meaning& meaning : kMeanings) {
    if (!absl::StrContains(line, meaning.text)) continue;
    return absl::Status(meaning.code, absl::StrCat(meaning.before, line, meaning.advice));
  }
  return absl::InternalError(absl::StrCat("torch: ", line));
}

}  // namespace kur
