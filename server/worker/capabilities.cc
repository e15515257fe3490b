#include "server/worker/capabilities.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/ones.h>
#include <torch/version.h>

#include <exception>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/version.h"
#include "engine/train/torch_error.h"
#include "google/protobuf/util/json_util.h"

namespace kur::worker {
namespace {

// Returns why the device can never be computed on, or "". One that is full or taken at present, as
// by a job of a kurd that was restarted, can be later.
std::string TryDevice(const std::string& device) {
  try {
    const at::Tensor ones = at::ones({4, 4}, at::TensorOptions(c10::Device(device)));
    const auto sum = ones.mm(ones).sum().item<float>();
    constexpr float kSum = 64;
    return sum == kSum ? "" : absl::StrCat("the sum of 4x4 fours is ", sum, " there");
  } catch (const std::exception& error) {
    const std::string text = FirstLine(error.what());
    const bool is_in_use = absl::IsResourceExhausted(TorchError(text)) ||
                           absl::StrContains(text, "busy or unavailable");
    return is_in_use ? "" : text;
  }
}

}  // namespace

server::WorkerCapabilities FindCapabilities() {
  server::WorkerCapabilities capabilities;
  capabilities.set_version(kVersion);
  capabilities.set_libtorch(
      absl::StrCat(TORCH_VERSION_MAJOR, ".", TORCH_VERSION_MINOR, ".", TORCH_VERSION_PATCH));
  const at::CUDAHooksInterface& cuda = at::detail::getCUDAHooks();
  capabilities.set_has_cuda(cuda.hasCUDART());
  if (!capabilities.has_cuda()) {
    capabilities.set_error(
        absl::StrCat("their libtorch ", capabilities.libtorch(),
                     " is for processors only; build kurd with one that can use cards "
                     "(deploy/install-libtorch.sh)"));
    return capabilities;
  }
  // Without a driver, or with an old one, every question may throw.
  try {
    for (absl::string_view line : absl::StrSplit(cuda.showConfig(), '\n')) {
      line = absl::StripAsciiWhitespace(line);
      absl::ConsumePrefix(&line, "- ");
      if (!line.empty()) capabilities.add_cuda(std::string(line));
    }
    const int count = cuda.getNumGPUs();
    for (int i = 0; i < count; ++i) {
      const std::string error = TryDevice(absl::StrCat("cuda:", i));
      capabilities.add_cards()->set_error(error);
      if (capabilities.error().empty()) capabilities.set_error(error);
    }
    // Asking for a card that CUDA does not show makes it say why.
    if (count == 0) capabilities.set_error(TryDevice("cuda:0"));
  } catch (const std::exception& error) {
    capabilities.set_error(std::string(TorchError(error.what()).message()));
  }
  return capabilities;
}

std::string ToJson(const server::WorkerCapabilities& capabilities) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string line;
  const auto status = google::protobuf::util::MessageToJsonString(capabilities, &line, options);
  return status.ok() ? line : "{}";
}

}  // namespace kur::worker
