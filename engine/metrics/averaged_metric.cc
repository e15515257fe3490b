#include "engine/metrics/averaged_metric.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/ones_like.h>

#include "absl/strings/str_cat.h"

namespace kur {

AveragedMetric::AveragedMetric(const AveragedMetricSpec& spec, const MetricContext& context)
    : kind_(spec.kind()), average_(spec.average), context_(context) {}

void AveragedMetric::Add(const at::Tensor& prediction, const std::vector<at::Tensor>& truth) {
  const ClassPairs pairs = ToClassPairs(context_, prediction, truth);
  const at::Tensor once = at::ones_like(pairs.truth);
  predicted_.Add(pairs.predicted, once, pairs.classes);
  actual_.Add(pairs.truth, once, pairs.classes);
  hits_.Add(pairs.truth, (pairs.predicted == pairs.truth).to(at::kLong), pairs.classes);
}

std::map<std::string, double> AveragedMetric::Values() const {
  const std::vector<int64_t> hits = hits_.Counts();
  const std::vector<int64_t> predicted = predicted_.Counts();
  const std::vector<int64_t> actual = actual_.Counts();
  std::vector<ClassCounts> classes;
  for (size_t i = 0; i < actual.size(); ++i) {
    classes.push_back({hits[i], predicted[i], actual[i]});
  }
  if (context_.task == Task::kYesOrNo) return {{kind_, Ratio(classes[1])}};
  return {{absl::StrCat(average_, "_", kind_), Average(classes)}};
}

double AveragedMetric::Average(const std::vector<ClassCounts>& classes) const {
  ClassCounts all;
  double sum = 0;
  int64_t occurring = 0;
  for (const ClassCounts& counts : classes) {
    all.hits += counts.hits;
    all.predicted += counts.predicted;
    all.actual += counts.actual;
    if (counts.predicted == 0 && counts.actual == 0) continue;
    sum += Ratio(counts);
    ++occurring;
  }
  return average_ == "micro" ? Ratio(all) : sum / static_cast<double>(occurring);
}

}  // namespace kur
