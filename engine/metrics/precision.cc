// precision: the fraction of the predictions of a class that are right.

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

struct PrecisionSpec : AveragedMetricSpec {
  std::string kind() const override { return "precision"; }
};

const Fields<PrecisionSpec>& PrecisionFields() {
  static const auto* const kFields =
      new Fields<PrecisionSpec>(AveragedMetricFields<PrecisionSpec>());
  return *kFields;
}

const Registration<MetricKind> kKind(
    "precision", MakeKind<MetricSpec>("The share of the predictions of a class that are right.",
                                      "precision: {average: micro}", PrecisionFields()));

#if KUR_RUNTIME
class Precision : public AveragedMetric {
 public:
  using AveragedMetric::AveragedMetric;

 protected:
  double Ratio(const ClassCounts& counts) const override {
    return Fraction(counts.hits, counts.predicted);
  }
};

const Registration<MetricBuilder> kBuilder("precision",
                                           MakeMetricBuilder<Precision, PrecisionSpec>());
#endif

}  // namespace
}  // namespace kur
