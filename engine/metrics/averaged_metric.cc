#include "engine/metrics/averaged_metric.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/where.h>

#include "absl/strings/str_cat.h"

namespace kur {

AveragedMetric::AveragedMetric(const AveragedMetricSpec& spec, const MetricContext& context)
    : kind_(spec.kind()),
      average_(spec.average),
      context_(context),
      hits_(NumClasses(context) + 1),
      predicted_(NumClasses(context)),
      actual_(NumClasses(context)) {}

void AveragedMetric::Add(const at::Tensor& prediction, const std::vector<at::Tensor>& truth) {
  const ClassPairs pairs = ToClasses(context_, prediction, truth);
  predicted_.Add(pairs.predicted);
  actual_.Add(pairs.truth);
  const at::Tensor none = at::full_like(pairs.truth, NumClasses(context_));
  hits_.Add(at::where(pairs.predicted == pairs.truth, pairs.truth, none));
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
