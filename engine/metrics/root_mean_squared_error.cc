// root_mean_squared_error: the square root of (y - t)^2, averaged over all elements.

#include <cmath>
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

struct RootMeanSquaredErrorSpec : MetricSpec {
  std::string kind() const override { return "root_mean_squared_error"; }
  bool Supports(Task task) const override { return task == Task::kNumbers; }
  bool IsDefault() const override { return true; }
};

const Fields<RootMeanSquaredErrorSpec>& RootMeanSquaredErrorFields() {
  static const auto* const kFields =
      new Fields<RootMeanSquaredErrorSpec>(MetricFields<RootMeanSquaredErrorSpec>());
  return *kFields;
}

const Registration<MetricKind> kKind(
    "root_mean_squared_error",
    MakeKind<MetricSpec>("The square root of (y - t)^2, averaged over all elements.",
                         "root_mean_squared_error: {target: above}", RootMeanSquaredErrorFields()));

#if KUR_RUNTIME
class RootMeanSquaredError : public Metric {
 public:
  RootMeanSquaredError(const RootMeanSquaredErrorSpec&, const MetricContext&) {}

  void Add(const at::Tensor& prediction, const std::vector<at::Tensor>& truth) override {
    AddTo(&sum_, (prediction - truth[0]).to(at::kDouble).square().sum());
    elements_ += prediction.numel();
  }

  std::map<std::string, double> Values() const override {
    const double mean = sum_.item<double>() / static_cast<double>(elements_);
    return {{"root_mean_squared_error", std::sqrt(mean)}};
  }

 private:
  at::Tensor sum_;
  int64_t elements_ = 0;
};

const Registration<MetricBuilder> kBuilder(
    "root_mean_squared_error", MakeMetricBuilder<RootMeanSquaredError, RootMeanSquaredErrorSpec>());
#endif

}  // namespace
}  // namespace kur
