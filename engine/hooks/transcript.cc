// transcript: shows the first utterance as text. This version reads such Kurfiles but leaves it
// out.

#include <optional>
#include <string>

#include "engine/kurfile/hook_spec.h"

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
  bool IsRunnable() const override { return false; }
};

const Fields<TranscriptSpec>& TranscriptFields() {
  static const auto* const kFields = new Fields<TranscriptSpec>(
      Fields<TranscriptSpec>()
          .Optional("word", &TranscriptSpec::word, "whether symbols are words, not characters")
          .Optional("warp", &TranscriptSpec::warp,
                    "whether the blank is the first symbol, not the last")
          .Optional("output", &TranscriptSpec::output, "the output of the model to read")
          .Optional("input", &TranscriptSpec::input,
                    "the prefix of the source with the truth: INPUT_transcript_raw")
          .Example("utterance")
          .Optional("passthrough", &TranscriptSpec::passthrough,
                    "whether to read what the model gave, not what the hook before did"));
  return *kFields;
}

const Registration<HookKind> kKind(
    "transcript",
    MakeKind<HookSpec>("Shows the first utterance as text: the likeliest symbol of each step, "
                       "without repetitions and blanks (this version leaves it out).",
                       "transcript: {word: no, output: asr}", TranscriptFields()));

}  // namespace
}  // namespace kur
