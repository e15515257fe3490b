// transcript: prints the first utterance as text.

#include <optional>
#include <string>
#include <utility>

#include "engine/kurfile/specs/hook_spec.h"
#if KUR_RUNTIME
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/hooks/hook.h"
#endif

namespace kur {
namespace {

struct TranscriptSpec : HookSpec {
  bool word = false;
  bool warp = false;
  std::string output = "asr";
  std::optional<std::string> input;
  bool passthrough = false;

  std::string kind() const override { return "transcript"; }
  bool IsForTraining() const override { return false; }
  bool IsForResults() const override { return true; }
};

const Fields<TranscriptSpec>& TranscriptFields() {
  static const auto* const kFields = new Fields<TranscriptSpec>(
      Fields<TranscriptSpec>()
          .Optional("word", &TranscriptSpec::word, "whether symbols are words, not characters")
          .Optional("warp", &TranscriptSpec::warp, "of no effect: the loss ctc knows its blank")
          .Optional("output", &TranscriptSpec::output,
                    "the output of the model to read; the only one with a loss ctc counts, too")
          .Optional("input", &TranscriptSpec::input,
                    "of no effect: the loss ctc knows the source of the truth")
          .Example("utterance")
          .Optional("passthrough", &TranscriptSpec::passthrough,
                    "whether to read what the model gave, not what the hook before did"));
  return *kFields;
}

const Registration<HookKind> kKind(
    "transcript", MakeKind<HookSpec>("Shows the first utterance as text: the likeliest symbol of "
                                     "each step, without repetitions and blanks, and the truth.",
                                     "transcript: {word: no, output: asr}", TranscriptFields()));

#if KUR_RUNTIME
class TranscriptHook : public ResultHook {
 public:
  explicit TranscriptHook(const TranscriptSpec& spec) : spec_(spec) {}

  absl::StatusOr<HookData> Apply(HookData current, const HookData& original,
                                 HookHost* host) override {
    const auto& outputs = (spec_.passthrough ? original : current).output_symbols;
    const bool only = outputs.size() == 1;
    const auto output = only ? outputs.begin() : outputs.find(spec_.output);
    if (output == outputs.end() && PrintTexts(current.labels, host)) return current;
    if (output == outputs.end()) {
      host->Warn(absl::StrCat("the hook 'transcript' is left out: the data has no transcripts for ",
                              "the output '", spec_.output, "'"));
      return current;
    }
    const char* const separator = spec_.word ? " " : "";
    const auto& [predicted, truth] = output->second;
    host->Print(absl::StrCat("Prediction: \"", absl::StrJoin(predicted, separator), "\""));
    host->Print(absl::StrCat("Truth: \"", absl::StrJoin(truth, separator), "\""));
    return current;
  }

 private:
  // Prints what the model gives where there is nothing to compare it with. False if that is no
  // text.
  bool PrintTexts(const ResultLabels& labels, HookHost* host) const {
    constexpr size_t kMost = 10;
    const bool only = labels.texts.size() == 1;
    const auto texts = only ? labels.texts.begin() : labels.texts.find(spec_.output);
    if (texts == labels.texts.end()) return false;
    const std::vector<std::string>& rows = texts->second;
    for (size_t i = 0; i < std::min(rows.size(), kMost); ++i) {
      const std::string sample = labels.samples.size() == rows.size() ? labels.samples[i] : "";
      host->Print(
          absl::StrCat("Prediction", sample.empty() ? "" : " of ", sample, ": \"", rows[i], "\""));
    }
    if (rows.size() > kMost) {
      host->Print(absl::StrCat("... and ", rows.size() - kMost,
                               " more, which a destination like results.csv keeps"));
    }
    return true;
  }

  TranscriptSpec spec_;
};

const Registration<HookBuilder> kBuilder("transcript",
                                         MakeResultHookBuilder<TranscriptHook, TranscriptSpec>());
#endif

}  // namespace
}  // namespace kur
