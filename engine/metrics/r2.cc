// r2: the coefficient of determination, 1 - sum (y - t)^2 / sum (t - mean t)^2.

#include <map>
#include <string>
#include <vector>

#include "engine/kurfile/specs/metric_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>

#include "engine/metrics/metric.h"
#endif

namespace kur {
namespace {

struct R2Spec : MetricSpec {
  std::string kind() const override { return "r2"; }
  bool Supports(Task task) const override { return task == Task::kNumbers; }
  bool IsDefault() const override { return true; }
};

const Fields<R2Spec>& R2Fields() {
  static const auto* const kFields = new Fields<R2Spec>(MetricFields<R2Spec>());
  return *kFields;
}

const Registration<MetricKind> kKind(
    "r2", MakeKind<MetricSpec>(
              "The share of the variance of the truth that the output explains: 1 - sum (y - t)^2 "
              "/ sum (t - mean t)^2, with a mean for each element of the last axis.",
              "r2: {target: above}", R2Fields()));

#if KUR_RUNTIME
class R2 : public Metric {
 public:
  R2(const R2Spec&, const MetricContext&) {}

  // Merges batches by the formula of Chan, Golub and LeVeque ("Algorithms for computing the sample
  // variance", 1983), in which nothing cancels if the mean is large.
  void Add(const at::Tensor& prediction, const std::vector<at::Tensor>& truth) override {
    const at::Tensor t = truth[0].to(at::kDouble).reshape({-1, truth[0].size(-1)});
    AddTo(&residual_, (prediction.to(at::kDouble).reshape_as(t) - t).square().sum());
    const auto rows = static_cast<double>(t.size(0));
    const at::Tensor mean = t.mean(0);
    at::Tensor spread = (t - mean).square().sum();
    if (rows_ == 0) {
      mean_ = mean;
    } else {
      const at::Tensor shift = mean - mean_;
      spread = spread + shift.square().sum() * (rows_ * rows / (rows_ + rows));
      mean_ = mean_ + shift * (rows / (rows_ + rows));
    }
    AddTo(&spread_, spread);
    rows_ += rows;
  }

  std::map<std::string, double> Values() const override {
    const double residual = residual_.item<double>();
    const double spread = spread_.item<double>();
    // The truth does not vary: it is explained only by an exact prediction.
    if (spread == 0) return {{"r2", residual == 0 ? 1.0 : 0.0}};
    return {{"r2", 1 - residual / spread}};
  }

 private:
  double rows_ = 0;
  at::Tensor mean_;
  at::Tensor spread_;    // sum (t - mean t)^2
  at::Tensor residual_;  // sum (y - t)^2
};

const Registration<MetricBuilder> kBuilder("r2", MakeMetricBuilder<R2, R2Spec>());
#endif

}  // namespace
}  // namespace kur
