// word_error_rate: substitutions, insertions and deletions of words per word of the truth.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/kurfile/specs/metric_spec.h"
#if KUR_RUNTIME
#include "engine/metrics/metric.h"
#include "engine/metrics/transcripts.h"
#endif

namespace kur {
namespace {

struct WordErrorRateSpec : MetricSpec {
  std::optional<int64_t> space;

  std::string kind() const override { return "word_error_rate"; }
  bool Supports(Task task) const override { return task == Task::kSequence; }
  bool IsDefault() const override { return true; }

  absl::Status CheckSymbols(const std::vector<std::string>& symbols) const override {
    if (space || std::count(symbols.begin(), symbols.end(), " ") > 0) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "the vocabulary of the truth has no blank between words; 'space' may name another symbol");
  }
};

const Fields<WordErrorRateSpec>& WordErrorRateFields() {
  static const auto* const kFields = new Fields<WordErrorRateSpec>(
      MetricFields<WordErrorRateSpec>()
          .Optional("space", &WordErrorRateSpec::space,
                    "the number of the symbol between words; that of the blank \" \" if absent",
                    IfGiven(AtLeast(0)))
          .Example("26")
          .Shorthand("space"));
  return *kFields;
}

const Registration<MetricKind> kKind(
    "word_error_rate",
    MakeKind<MetricSpec>(
        "Of a sequence: how many words must be changed, added or left out to get the truth, for "
        "each word of the truth, over the whole set; usual where the vocabulary has a blank.",
        "word_error_rate: {target: asr}", WordErrorRateFields()));

#if KUR_RUNTIME
class WordErrorRate : public Metric {
 public:
  WordErrorRate(const WordErrorRateSpec& spec, const MetricContext& context)
      : context_(context), space_(spec.space.value_or(NumberOf(" ", context.symbols))) {}

  void Add(const at::Tensor& prediction, const std::vector<at::Tensor>& truth) override {
    for (const Transcript& transcript : DecodeTranscripts(context_, prediction, truth)) {
      rate_.Add(SplitWords(transcript.predicted, space_), SplitWords(transcript.truth, space_));
    }
  }

  std::map<std::string, double> Values() const override {
    return {{"word_error_rate", rate_.Value()}};
  }

 private:
  static int64_t NumberOf(const std::string& symbol, const std::vector<std::string>& symbols) {
    return std::find(symbols.begin(), symbols.end(), symbol) - symbols.begin();
  }

  MetricContext context_;
  int64_t space_;
  ErrorRate rate_;
};

const Registration<MetricBuilder> kBuilder("word_error_rate",
                                           MakeMetricBuilder<WordErrorRate, WordErrorRateSpec>());
#endif

}  // namespace
}  // namespace kur
