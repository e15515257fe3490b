// top_k: the fraction of positions whose true class is among the k most probable.

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/metric_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>
#include <ATen/ops/topk.h>

#include "engine/metrics/class_counts.h"
#include "engine/metrics/metric.h"
#endif

namespace kur {
namespace {

struct TopKSpec : MetricSpec {
  int64_t k = 5;

  std::string kind() const override { return "top_k"; }
  bool Supports(Task task) const override {
    return task == Task::kClasses || task == Task::kClassNumbers;
  }

  absl::Status CheckOutput(Task, const Shape& output) const override {
    if (output.empty() || output.back() == kUnknown || output.back() >= k) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("there are ", output.back(), " classes, fewer than k, which is ", k));
  }
};

const Fields<TopKSpec>& TopKFields() {
  static const auto* const kFields = new Fields<TopKSpec>(
      MetricFields<TopKSpec>()
          .Optional("k", &TopKSpec::k, "how many of the likeliest classes count", AtLeast(1))
          .Shorthand("k"));
  return *kFields;
}

const Registration<MetricKind> kKind(
    "top_k",
    MakeKind<MetricSpec>("The share of positions whose true class is among the k likeliest.",
                         "top_k: {k: 5}", TopKFields()));

#if KUR_RUNTIME
class TopK : public Metric {
 public:
  TopK(const TopKSpec& spec, const MetricContext& context) : k_(spec.k), context_(context) {}

  void Add(const at::Tensor& prediction, const std::vector<at::Tensor>& truth) override {
    const at::Tensor number = ToClassPairs(context_, prediction, truth).truth;
    const at::Tensor likeliest = std::get<1>(at::topk(prediction, k_)).reshape({-1, k_});
    AddTo(&hits_, (likeliest == number.unsqueeze(-1)).sum());
    positions_ += number.numel();
  }

  std::map<std::string, double> Values() const override {
    return {{absl::StrCat("top_", k_, "_accuracy"),
             hits_.item<double>() / static_cast<double>(positions_)}};
  }

 private:
  int64_t k_;
  MetricContext context_;
  at::Tensor hits_;
  int64_t positions_ = 0;
};

const Registration<MetricBuilder> kBuilder("top_k", MakeMetricBuilder<TopK, TopKSpec>());
#endif

}  // namespace
}  // namespace kur
