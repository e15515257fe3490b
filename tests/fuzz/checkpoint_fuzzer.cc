// Any bytes as a checkpoint, or weights that somebody offers.

#include "engine/train/checkpoint.h"
#include "tests/fuzz/fuzzing.h"

namespace {

using kur::fuzz::Require;

int64_t BytesOf(const kur::TensorMap& tensors) {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += static_cast<int64_t>(tensor.nbytes());
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const kFolder = new kur::TemporaryDirectory;
  const std::string path = kFolder->Write("w.kur", std::string(kur::fuzz::Text(data, size)));
  const auto read = kur::ReadCheckpoint(path);
  if (!read.ok()) {
    kur::fuzz::RequireRefusal(read.status());
    return 0;
  }
  for (const kur::TensorMap* tensors :
       {&read->weights, &read->trained_weights, &read->optimizer_state, &read->gradients}) {
    // Tensors may share bytes of the file, but each has its own.
    for (const auto& [name, tensor] : *tensors) {
      Require(tensor.nbytes() <= size && tensor.is_contiguous());
    }
  }
  const auto written = kur::SerializeCheckpoint(*read);
  Require(written.ok());
  kFolder->Write("w.kur", *written);
  const auto again = kur::ReadCheckpoint(path);
  Require(again.ok() && BytesOf(again->weights) == BytesOf(read->weights));
  Require(again->optimizer_steps == read->optimizer_steps);
  return 0;
}
