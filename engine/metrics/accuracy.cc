// accuracy: the fraction of positions whose most probable class is the true one.

#include <map>
#include <string>
#include <vector>

#include "engine/kurfile/specs/metric_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>

#include "engine/metrics/class_counts.h"
#include "engine/metrics/metric.h"
#endif

namespace kur {
namespace {

struct AccuracySpec : MetricSpec {
  std::string kind() const override { return "accuracy"; }
  bool Supports(Task task) const override { return IsAboutClasses(task); }
  bool IsDefault() const override { return true; }
};

const Fields<AccuracySpec>& AccuracyFields() {
  static const auto* const kFields = new Fields<AccuracySpec>(MetricFields<AccuracySpec>());
  return *kFields;
}

const Registration<MetricKind> kKind(
    "accuracy", MakeKind<MetricSpec>("The share of positions whose likeliest class is the true "
                                     "one; of yes or no, from a probability of 0.5.",
                                     "accuracy: {target: labels}", AccuracyFields()));

#if KUR_RUNTIME
class Accuracy : public Metric {
 public:
  Accuracy(const AccuracySpec&, const MetricContext& context) : context_(context) {}

  void Add(const at::Tensor& prediction, const std::vector<at::Tensor>& truth) override {
    const ClassPairs pairs = ToClassPairs(context_, prediction, truth);
    AddTo(&hits_, (pairs.predicted == pairs.truth).sum());
    positions_ += pairs.truth.numel();
  }

  std::map<std::string, double> Values() const override {
    return {{"accuracy", hits_.item<double>() / static_cast<double>(positions_)}};
  }

 private:
  MetricContext context_;
  at::Tensor hits_;
  int64_t positions_ = 0;
};

const Registration<MetricBuilder> kBuilder("accuracy", MakeMetricBuilder<Accuracy, AccuracySpec>());
#endif

}  // namespace
}  // namespace kur
