// embedding: looks up a learned vector for each index.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/layer_spec.h"
#if KUR_RUNTIME
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>

#include "engine/layers/layer.h"
#endif

namespace kur {
namespace {

struct EmbeddingSpec : LayerSpec {
  int64_t vocab_size = 0;
  int64_t size = 0;

  std::string kind() const override { return "embedding"; }

  absl::StatusOr<Shape> OutputShape(const std::vector<Shape>& inputs) const override {
    KUR_RETURN_IF_ERROR(RequireOneInput(inputs));
    if (inputs[0].size() != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("takes sequences of indices, (time,), but the input is ",
                       ToString(inputs[0]), "; 'parallel' applies it along further axes"));
    }
    return Shape{inputs[0][0], size};
  }

  int64_t NumIndices() const override { return vocab_size; }

  std::vector<WeightInfo> Weights(const std::vector<Shape>&) const override {
    return {{"weight", {vocab_size, size}}};
  }

  // The indices, as 64-bit integers.
  SavedForBackward SavedTensors(const std::vector<Shape>& inputs) const override {
    return {/*input=*/false, /*output=*/false, /*is_view=*/false,
            Product({NumElements(inputs[0]), int64_t{sizeof(int64_t)}})};
  }
};

const Fields<EmbeddingSpec>& EmbeddingFields() {
  static const auto* const kFields = new Fields<EmbeddingSpec>(
      Fields<EmbeddingSpec>()
          .Required("vocab_size", &EmbeddingSpec::vocab_size,
                    "how many indices there are: 0 to vocab_size - 1", AtLeast(1))
          .Example("10000")
          .Required("size", &EmbeddingSpec::size, "the length of the vectors", AtLeast(1))
          .Example("64"));
  return *kFields;
}

const Registration<LayerKind> kKind(
    "embedding", MakeLayerKind("Looks up a learned vector for each index of a sequence.",
                               "embedding: {vocab_size: 10000, size: 64}", EmbeddingFields()));

#if KUR_RUNTIME
class Embedding : public Layer {
 public:
  Embedding(const EmbeddingSpec& spec, const std::vector<Shape>&, const at::Generator& generator) {
    // Keras' initial weights. PyTorch's, of variance 1, are large beside those of later layers.
    constexpr double kBound = 0.05;
    at::Tensor weight = at::empty({spec.vocab_size, spec.size});
    AddWeight("weight", weight.uniform_(-kBound, kBound, generator));
  }

  at::Tensor Forward(const std::vector<at::Tensor>& inputs, const ForwardContext&) override {
    return at::embedding(weights()[0].value, inputs[0].to(at::kLong));
  }
};

const Registration<LayerBuilder> kBuilder("embedding",
                                          MakeLayerBuilder<Embedding, EmbeddingSpec>());
#endif

}  // namespace
}  // namespace kur
