// recall: the fraction of the cases of a class that are found.

#include <map>
#include <string>
#include <vector>

#include "engine/kurfile/specs/metric_spec.h"
#include "engine/metrics/averaging.h"
#if KUR_RUNTIME
#include "engine/metrics/averaged_metric.h"
#endif

namespace kur {
namespace {

struct RecallSpec : AveragedMetricSpec {
  std::string kind() const override { return "recall"; }
};

const Fields<RecallSpec>& RecallFields() {
  static const auto* const kFields = new Fields<RecallSpec>(AveragedMetricFields<RecallSpec>());
  return *kFields;
}

const Registration<MetricKind> kKind(
    "recall", MakeKind<MetricSpec>("The share of the cases of a class that are found.",
                                   "recall: {average: micro}", RecallFields()));

#if KUR_RUNTIME
class Recall : public AveragedMetric {
 public:
  using AveragedMetric::AveragedMetric;

 protected:
  double Ratio(const ClassCounts& counts) const override {
    return Fraction(counts.hits, counts.actual);
  }
};

const Registration<MetricBuilder> kBuilder("recall", MakeMetricBuilder<Recall, RecallSpec>());
#endif

}  // namespace
}  // namespace kur
