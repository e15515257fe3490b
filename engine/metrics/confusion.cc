// confusion: the confusion matrix, the number of positions for each pair of true and predicted
// class.

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/kurfile/specs/metric_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>
#include <ATen/ops/ones_like.h>

#include "engine/metrics/class_counts.h"
#include "engine/metrics/metric.h"
#endif

namespace kur {
namespace {

struct ConfusionSpec : MetricSpec {
  std::string kind() const override { return "confusion"; }
  bool Supports(Task task) const override { return IsAboutClasses(task); }

  absl::Status CheckOutput(Task task, const Shape& output) const override {
    if (task == Task::kYesOrNo) return absl::OkStatus();
    // Every pair of classes can become a value of the report.
    constexpr int64_t kMaxClasses = 64;
    if (!output.empty() && output.back() == kUnknown) {
      return absl::InvalidArgumentError(absl::StrCat("the number of classes, the last extent of ",
                                                     ToString(output),
                                                     ", must be known to count a confusion"));
    }
    if (output.empty() || output.back() <= kMaxClasses) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "there are ", output.back(), " classes; confusion is counted for at most ", kMaxClasses));
  }
};

const Fields<ConfusionSpec>& ConfusionFields() {
  static const auto* const kFields = new Fields<ConfusionSpec>(MetricFields<ConfusionSpec>());
  return *kFields;
}

const Registration<MetricKind> kKind(
    "confusion",
    MakeKind<MetricSpec>("How often each class was taken for which: confusion[3][5] counts what is "
                         "of class 3 and was taken for class 5; what never happened is left out.",
                         "confusion: {target: labels}", ConfusionFields()));

#if KUR_RUNTIME
class Confusion : public Metric {
 public:
  Confusion(const ConfusionSpec&, const MetricContext& context)
      : classes_(context.task == Task::kYesOrNo ? 2 : context.output.back()), context_(context) {}

  void Add(const at::Tensor& prediction, const std::vector<at::Tensor>& truth) override {
    const ClassPairs pairs = ToClassPairs(context_, prediction, truth);
    const at::Tensor cells = pairs.truth * classes_ + pairs.predicted;
    cells_.Add(cells, at::ones_like(cells), classes_ * classes_);
  }

  std::map<std::string, double> Values() const override {
    // Equally many digits for every class, so that names sort by number.
    const int digits = classes_ > 10 ? 2 : 1;
    const std::vector<int64_t> counts = cells_.Counts();
    std::map<std::string, double> values;
    for (int64_t cell = 0; cell < classes_ * classes_; ++cell) {
      const int64_t count = counts[static_cast<size_t>(cell)];
      if (count == 0) continue;
      values[absl::StrFormat("confusion[%0*d][%0*d]", digits, cell / classes_, digits,
                             cell % classes_)] = static_cast<double>(count);
    }
    return values;
  }

 private:
  int64_t classes_;
  MetricContext context_;
  Histogram cells_;
};

const Registration<MetricBuilder> kBuilder("confusion",
                                           MakeMetricBuilder<Confusion, ConfusionSpec>());
#endif

}  // namespace
}  // namespace kur
