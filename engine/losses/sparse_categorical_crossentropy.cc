// sparse_categorical_crossentropy: -log p_t, where t is the number of the true class, averaged over
// samples and positions.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/loss_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/nll_loss.h>

#include "engine/losses/loss.h"
#include "engine/losses/softmax_crossentropy.h"
#endif

namespace kur {
namespace {

struct SparseCategoricalCrossentropySpec : LossSpec {
  std::string kind() const override { return "sparse_categorical_crossentropy"; }
  Task task() const override { return Task::kClassNumbers; }
  Probabilities fused_with() const override { return Probabilities::kSoftmax; }

  absl::StatusOr<std::vector<TruthSource>> Truth(const Shape& output) const override {
    if (output.empty() || output.back() == kUnknown) {
      return absl::InvalidArgumentError(
          absl::StrCat("the output '", target, "' is ", ToString(output),
                       ": the number of classes, its last extent, must be known"));
    }
    Shape one_number = output;
    one_number.back() = 1;
    std::vector<Shape> shapes = {one_number};
    if (output.size() > 1) shapes.emplace_back(output.begin(), output.end() - 1);
    return std::vector<TruthSource>{{target, "target", shapes, "", false}};
  }
};

const Fields<SparseCategoricalCrossentropySpec>& SparseCategoricalCrossentropyFields() {
  static const auto* const kFields = new Fields<SparseCategoricalCrossentropySpec>(
      WithClassWeights(LossFields<SparseCategoricalCrossentropySpec>()));
  return *kFields;
}

const Registration<LossKind> kKind(
    "sparse_categorical_crossentropy",
    MakeKind<LossSpec>("For one class out of several, where the data has its number (from 0) and "
                       "no one-hot vector: -log p of the true class.",
                       "{target: word, name: sparse_categorical_crossentropy}",
                       SparseCategoricalCrossentropyFields()));

#if KUR_RUNTIME
class SparseCategoricalCrossentropy : public Loss {
 public:
  SparseCategoricalCrossentropy(const SparseCategoricalCrossentropySpec& spec, const Shape& output)
      : spec_(spec), classes_(output.back()) {}

  absl::StatusOr<LossValue> Compute(const at::Tensor& prediction,
                                    const std::vector<at::Tensor>& truth,
                                    bool from_logits) const override {
    if (from_logits && CanFuseSparseSoftmaxCrossentropy(prediction, truth[0])) {
      return LossValue{SparseSoftmaxCrossentropy(prediction, truth[0])};
    }
    return LossValue{at::nll_loss(LogProbability(prediction, from_logits).reshape({-1, classes_}),
                                  truth[0].reshape({-1}).to(at::kLong))};
  }

  at::Tensor ComputeEach(const at::Tensor& prediction, const std::vector<at::Tensor>& truth,
                         bool from_logits) const override {
    const at::Tensor log_probability = LogProbability(prediction, from_logits);
    std::vector<int64_t> positions = log_probability.sizes().vec();
    positions.back() = 1;
    return -log_probability.gather(-1, truth[0].reshape(positions).to(at::kLong)).squeeze(-1);
  }

  bool HasImpossibleTruth() const override { return true; }
  absl::Status CheckTruth(const std::vector<at::Tensor>& truth,
                          const SampleName& name_of) const override {
    const at::Tensor numbers = truth[0].contiguous();
    const auto* values = numbers.data_ptr<float>();
    const auto wrong = FindInvalidSymbol(values, numbers.numel(), classes_);
    if (!wrong.has_value()) return absl::OkStatus();
    const int64_t row = *wrong / (numbers.numel() / numbers.size(0));
    return ImpossibleTruth(
        spec_, "target", spec_.target, name_of(row), values[*wrong],
        absl::StrCat("which is no class: the output has ", classes_, " of them, numbered from 0"));
  }

 private:
  static at::Tensor LogProbability(const at::Tensor& prediction, bool from_logits) {
    return from_logits ? at::log_softmax(prediction, -1)
                       : prediction.clamp_min(kMinProbability).log();
  }

  SparseCategoricalCrossentropySpec spec_;
  int64_t classes_;
};

const Registration<LossBuilder> kBuilder(
    "sparse_categorical_crossentropy",
    MakeLossBuilder<SparseCategoricalCrossentropy, SparseCategoricalCrossentropySpec>());
#endif

}  // namespace
}  // namespace kur
