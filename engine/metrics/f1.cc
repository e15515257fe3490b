// f1: the harmonic mean of precision and recall: 2 hits / (predictions + cases).

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

struct F1Spec : AveragedMetricSpec {
  std::string kind() const override { return "f1"; }
};

const Fields<F1Spec>& F1Fields() {
  static const auto* const kFields = new Fields<F1Spec>(AveragedMetricFields<F1Spec>());
  return *kFields;
}

const Registration<MetricKind> kKind(
    "f1", MakeKind<MetricSpec>(
              "The harmonic mean of precision and recall: 2 hits / (predictions + cases).",
              "f1: {average: micro}", F1Fields()));

#if KUR_RUNTIME
class F1 : public AveragedMetric {
 public:
  using AveragedMetric::AveragedMetric;

 protected:
  double Ratio(const ClassCounts& counts) const override {
    return Fraction(2 * counts.hits, counts.predicted + counts.actual);
  }
};

const Registration<MetricBuilder> kBuilder("f1", MakeMetricBuilder<F1, F1Spec>());
#endif

}  // namespace
}  // namespace kur
