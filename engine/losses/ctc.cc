// ctc: connectionist temporal classification (Graves et al., "Connectionist Temporal
// Classification: Labelling Unsegmented Sequence Data with Recurrent Neural Networks", 2006): the
// negative logarithm of the total probability of all alignments of the truth with the output,
// averaged over samples.

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/loss_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>
#include <ATen/ops/_ctc_loss.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "engine/base/status.h"
#include "engine/losses/loss.h"
#endif

namespace kur {
namespace {

struct CtcSpec : LossSpec {
  std::string input_length;
  std::string output_length;
  std::string output;
  std::optional<std::string> relative_to;
  std::vector<std::string> variant;

  std::string kind() const override { return "ctc"; }
  Task task() const override { return Task::kSequence; }
  Probabilities fused_with() const override { return Probabilities::kSoftmax; }
  bool blank_is_first() const override { return Has("warp"); }
  std::vector<std::string> Sources() const override {
    return {output, output_length, input_length};
  }
  LayerName ScaledFrom() const override { return {relative_to.value_or(""), "relative_to"}; }

  bool Has(const std::string& wanted) const {
    return std::count(variant.begin(), variant.end(), wanted) > 0;
  }

  absl::StatusOr<std::vector<TruthSource>> Truth(const Shape& shape) const override {
    if (shape.size() != 2 || shape[1] < 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("the output '", target, "' is ", ToString(shape),
                       ", but ctc needs (time, symbols + 1): one symbol more than the truth has, "
                       "for the blank"));
    }
    return std::vector<TruthSource>{
        {output, "output", {{kUnknown}}, "", /*stays_on_host=*/true},
        {output_length, "output_length", {{1}}, "", /*stays_on_host=*/true},
        {input_length, "input_length", {{1}}, relative_to.value_or(""), /*stays_on_host=*/true}};
  }
};

Condition<std::vector<std::string>> KnownVariants() {
  return {"warp, loss_scale or a list of these", [](const std::vector<std::string>& variants) {
            return std::all_of(variants.begin(), variants.end(), [](const std::string& variant) {
              return variant == "warp" || variant == "loss_scale";
            });
          }};
}

const Fields<CtcSpec>& CtcFields() {
  static const auto* const kFields = new Fields<CtcSpec>(
      LossFields<CtcSpec>()
          .Required("input_length", &CtcSpec::input_length,
                    "the source with the length of each input sequence")
          .Example("utterance_length")
          .Required("output_length", &CtcSpec::output_length,
                    "the source with the length of each true sequence")
          .Example("transcript_length")
          .Required("output", &CtcSpec::output,
                    "the source with the true sequences: symbols numbered from 0, padded")
          .Example("transcript")
          .Optional(
              "relative_to", &CtcSpec::relative_to,
              "the input, or another layer before the output, whose length input_length counts; "
              "the lengths are scaled to those of the output. Without it, input_length counts "
              "along the output")
          .Example("utterance")
          .Optional("variant", &CtcSpec::variant,
                    "warp: the blank is the first element of the output, not the last; loss_scale: "
                    "the loss is multiplied by the mean input length / 100",
                    KnownVariants())
          .Example("loss_scale"));
  return *kFields;
}

const Registration<LossKind> kKind(
    "ctc", MakeKind<LossSpec>(
               "For sequences that are not aligned with the truth, as speech with its transcript: "
               "the output is a softmax of (time, symbols + 1); its last element is the blank.",
               "{target: asr, name: ctc, input_length: utterance_length, relative_to: utterance, "
               "output_length: transcript_length, output: transcript}",
               CtcFields()));

#if KUR_RUNTIME
// Converts a tensor of one number per sample.
std::vector<int64_t> ToLengths(const at::Tensor& tensor) {
  const at::Tensor numbers = tensor.reshape({-1}).to(at::kLong);
  const auto* begin = numbers.data_ptr<int64_t>();
  return {begin, begin + numbers.numel()};
}

// Returns the least number of output steps to which a sequence can be aligned. Equal neighbors need
// a blank between them.
int64_t MinSteps(const int64_t* labels, int64_t count) {
  int64_t steps = count;
  for (int64_t i = 1; i < count; ++i) steps += labels[i] == labels[i - 1] ? 1 : 0;
  return steps;
}

class Ctc : public Loss {
 public:
  Ctc(const CtcSpec& spec, const Shape& output) : spec_(spec), symbols_(output[1] - 1) {}

  absl::StatusOr<LossValue> Compute(const at::Tensor& prediction,
                                    const std::vector<at::Tensor>& truth,
                                    bool from_logits) const override {
    const at::Tensor labels = truth[0].to(at::kLong).contiguous();
    const std::vector<int64_t> label_lengths = ToLengths(truth[1]);
    std::vector<int64_t> steps = ToLengths(truth[2]);
    KUR_RETURN_IF_ERROR(CheckSteps(steps, prediction.size(1)));
    double scale = 1.0 / static_cast<double>(steps.size());
    if (spec_.Has("loss_scale")) scale *= Mean(steps) / 100;
    std::vector<int> is_counted(steps.size());
    const int64_t skipped = MarkCounted(labels, label_lengths, &steps, &is_counted);

    const at::Tensor log_probability =
        from_logits ? at::log_softmax(prediction, -1) : prediction.clamp_min(kMinProbability).log();
    const bool blank_first = spec_.blank_is_first();
    const at::Tensor targets = (blank_first ? labels + 1 : labels).to(prediction.device());
    // `zero_infinity` only zeroes the gradient of an infinite loss, which would be NaN. A loss that
    // is infinite although an alignment exists stays visible.
    const at::Tensor losses =
        std::get<0>(at::_ctc_loss(log_probability.transpose(0, 1), targets, steps, label_lengths,
                                  blank_first ? 0 : symbols_, /*zero_infinity=*/true));
    const at::Tensor counted = at::tensor(is_counted).to(prediction.device()) != 0;
    return LossValue{at::where(counted, losses, at::zeros_like(losses)).sum() * scale, skipped};
  }

  bool HasImpossibleTruth() const override { return true; }
  absl::Status CheckTruth(const std::vector<at::Tensor>& truth,
                          const SampleName& name_of) const override {
    const at::Tensor labels = truth[0].contiguous();
    const at::Tensor lengths = truth[1].contiguous();
    const at::Tensor steps = truth[2].contiguous();
    const auto* symbols = labels.data_ptr<float>();
    const int64_t width = labels.size(1);
    for (int64_t i = 0; i < labels.size(0); ++i, symbols += width) {
      const float length = lengths.data_ptr<float>()[i];
      if (FindInvalidSymbol(&length, 1, width + 1)) {
        return ImpossibleTruth(spec_, "output_length", spec_.output_length, name_of(i), length,
                               absl::StrCat("which is no length of a sequence of at most ", width));
      }
      const float duration = steps.data_ptr<float>()[i];
      if (FindInvalidSymbol(&duration, 1, int64_t{1} << 24)) {
        return ImpossibleTruth(spec_, "input_length", spec_.input_length, name_of(i), duration,
                               "which is no length");
      }
      if (const auto wrong = FindInvalidSymbol(symbols, static_cast<int64_t>(length), symbols_)) {
        return ImpossibleTruth(spec_, "output", spec_.output, name_of(i), symbols[*wrong],
                               absl::StrCat("which is no symbol: the output has ", symbols_,
                                            " of them, numbered from 0, and the blank"));
      }
    }
    return absl::OkStatus();
  }

 private:
  // Marks the samples whose loss counts: those with steps, to which the truth can be aligned.
  // Returns the number of samples that cannot be aligned. Raises 0 steps to 1, as torch reads the
  // first step; the loss of such a sample is 0 if it has no truth.
  static int64_t MarkCounted(const at::Tensor& labels, const std::vector<int64_t>& label_lengths,
                             std::vector<int64_t>* steps, std::vector<int>* is_counted) {
    int64_t skipped = 0;
    const auto* row = labels.data_ptr<int64_t>();
    for (size_t i = 0; i < steps->size(); ++i, row += labels.size(1)) {
      const bool can_align = MinSteps(row, label_lengths[i]) <= (*steps)[i];
      if (!can_align) ++skipped;
      (*is_counted)[i] = can_align && (*steps)[i] > 0 ? 1 : 0;
      (*steps)[i] = std::max<int64_t>((*steps)[i], 1);
    }
    return skipped;
  }

  static double Mean(const std::vector<int64_t>& numbers) {
    double sum = 0;
    for (const int64_t number : numbers) sum += static_cast<double>(number);
    return sum / static_cast<double>(numbers.size());
  }

  absl::Status CheckSteps(const std::vector<int64_t>& steps, int64_t available) const {
    const int64_t most = *std::max_element(steps.begin(), steps.end());
    if (most <= available) return absl::OkStatus();
    return ErrorAt(
        spec_.location, spec_.key + ".input_length",
        absl::StrCat("a sample has ", most, " steps according to the source '", spec_.input_length,
                     "', but the output '", spec_.target, "' has only ", available,
                     spec_.relative_to ? ""
                                       : "; say which input it counts with "
                                         "'relative_to'"));
  }

  CtcSpec spec_;
  int64_t symbols_;
};

const Registration<LossBuilder> kBuilder("ctc", MakeLossBuilder<Ctc, CtcSpec>());
#endif

}  // namespace
}  // namespace kur
