// ctc: connectionist temporal classification (Graves et al., "Connectionist Temporal
// Classification: Labelling Unsegmented Sequence Data with Recurrent Neural Networks", 2006). This
// version reads and plans such Kurfiles but cannot run them.

#include <optional>
#include <string>
#include <vector>

#include "engine/kurfile/loss_spec.h"

namespace kur {
namespace {

struct CtcSpec : LossSpec {
  std::string input_length;
  std::string output_length;
  std::string output;
  std::optional<std::string> relative_to;
  std::vector<std::string> variant;

  std::string kind() const override { return "ctc"; }
  bool IsRunnable() const override { return false; }
};

const Fields<CtcSpec>& CtcFields() {
  static const auto* const kFields = new Fields<CtcSpec>(
      LossFields<CtcSpec>()
          .Required("input_length", &CtcSpec::input_length,
                    "the source with the length of each input sequence")
          .Example("utterance_length")
          .Required("output_length", &CtcSpec::output_length,
                    "the source with the length of each true sequence")
          .Example("transcript_length")
          .Required("output", &CtcSpec::output, "the source with the true sequences")
          .Example("transcript")
          .Optional(
              "relative_to", &CtcSpec::relative_to,
              "the input whose length input_length counts; the lengths are scaled to those of "
              "the output")
          .Example("utterance")
          .Optional("variant", &CtcSpec::variant, "warp, loss_scale: accepted for compatibility"));
  return *kFields;
}

const Registration<LossKind> kKind(
    "ctc", MakeKind<LossSpec>(
               "For sequences that are not aligned with the truth (this version plans with it, but "
               "cannot run it).",
               "{target: asr, name: ctc, input_length: utterance_length, relative_to: utterance, "
               "output_length: transcript_length, output: transcript}",
               CtcFields()));

}  // namespace
}  // namespace kur
