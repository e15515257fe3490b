// mean_absolute_error: |y - t|, averaged over all elements.

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

struct MeanAbsoluteErrorSpec : MetricSpec {
  std::string kind() const override { return "mean_absolute_error"; }
  bool Supports(Task task) const override { return task == Task::kNumbers; }
  bool IsDefault() const override { return true; }
};

const Fields<MeanAbsoluteErrorSpec>& MeanAbsoluteErrorFields() {
  static const auto* const kFields =
      new Fields<MeanAbsoluteErrorSpec>(MetricFields<MeanAbsoluteErrorSpec>());
  return *kFields;
}

const Registration<MetricKind> kKind("mean_absolute_error",
                                     MakeKind<MetricSpec>("|y - t|, averaged over all elements.",
                                                          "mean_absolute_error: {target: above}",
                                                          MeanAbsoluteErrorFields()));

#if KUR_RUNTIME
class MeanAbsoluteError : public Metric {
 public:
  MeanAbsoluteError(const MeanAbsoluteErrorSpec&, const MetricContext&) {}

  void Add(const at::Tensor& prediction, const std::vector<at::Tensor>& truth) override {
    AddTo(&sum_, (prediction - truth[0]).abs().sum(at::kDouble));
    elements_ += prediction.numel();
  }

  std::map<std::string, double> Values() const override {
    const double mean = sum_.item<double>() / static_cast<double>(elements_);
    return {{"mean_absolute_error", mean}};
  }

 private:
  at::Tensor sum_;
  int64_t elements_ = 0;
};

const Registration<MetricBuilder> kBuilder(
    "mean_absolute_error", MakeMetricBuilder<MeanAbsoluteError, MeanAbsoluteErrorSpec>());
#endif

}  // namespace
}  // namespace kur
