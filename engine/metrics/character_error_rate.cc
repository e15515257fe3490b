// character_error_rate: substitutions, insertions and deletions per symbol of the truth.

#include <map>
#include <string>
#include <vector>

#include "engine/kurfile/specs/metric_spec.h"
#if KUR_RUNTIME
#include "engine/metrics/metric.h"
#include "engine/metrics/transcripts.h"
#endif

namespace kur {
namespace {

struct CharacterErrorRateSpec : MetricSpec {
  std::string kind() const override { return "character_error_rate"; }
  bool Supports(Task task) const override { return task == Task::kSequence; }
  bool IsDefault() const override { return true; }
};

const Fields<CharacterErrorRateSpec>& CharacterErrorRateFields() {
  static const auto* const kFields =
      new Fields<CharacterErrorRateSpec>(MetricFields<CharacterErrorRateSpec>());
  return *kFields;
}

const Registration<MetricKind> kKind(
    "character_error_rate",
    MakeKind<MetricSpec>("Of a sequence: how many symbols must be changed, added or left out to "
                         "get the truth, for each symbol of the truth, over the whole set.",
                         "character_error_rate: {target: asr}", CharacterErrorRateFields()));

#if KUR_RUNTIME
class CharacterErrorRate : public Metric {
 public:
  CharacterErrorRate(const CharacterErrorRateSpec&, const MetricContext& context)
      : context_(context) {}

  void Add(const at::Tensor& prediction, const std::vector<at::Tensor>& truth) override {
    for (const Transcript& transcript : DecodeTranscripts(context_, prediction, truth)) {
      rate_.Add(transcript.predicted, transcript.truth);
    }
  }

  std::map<std::string, double> Values() const override {
    return {{"character_error_rate", rate_.Value()}};
  }

 private:
  MetricContext context_;
  ErrorRate rate_;
};

const Registration<MetricBuilder> kBuilder(
    "character_error_rate", MakeMetricBuilder<CharacterErrorRate, CharacterErrorRateSpec>());
#endif

}  // namespace
}  // namespace kur
