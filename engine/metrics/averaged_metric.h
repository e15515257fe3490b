#ifndef KUR_ENGINE_METRICS_AVERAGED_METRIC_H_
#define KUR_ENGINE_METRICS_AVERAGED_METRIC_H_

#include <map>
#include <string>
#include <vector>

#include "engine/metrics/averaging.h"
#include "engine/metrics/class_counts.h"
#include "engine/metrics/metric.h"

namespace kur {

// The counts of one class over a data set.
struct ClassCounts {
  int64_t hits = 0;       // positions where the class is predicted and true
  int64_t predicted = 0;  // positions where the class is predicted
  int64_t actual = 0;     // positions where the class is true
};

// A ratio of a class's counts: for yes or no that of yes, otherwise an average over the classes.
// The value is named after the kind; an average has the prefix "macro_" or "micro_". Not
// thread-safe.
class AveragedMetric : public Metric {
 public:
  AveragedMetric(const AveragedMetricSpec& spec, const MetricContext& context);

  void Add(const at::Tensor& prediction, const std::vector<at::Tensor>& truth) override;
  std::map<std::string, double> Values() const override;

 protected:
  // Returns the metric of one class.
  virtual double Ratio(const ClassCounts& counts) const = 0;

  // Returns part / whole, or 0 if `whole` is 0.
  static double Fraction(int64_t part, int64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  }

 private:
  // Returns the macro or micro average of Ratio().
  double Average(const std::vector<ClassCounts>& classes) const;

  std::string kind_;
  std::string average_;
  MetricContext context_;
  Histogram hits_;
  Histogram predicted_;
  Histogram actual_;
};

}  // namespace kur

#endif  // KUR_ENGINE_METRICS_AVERAGED_METRIC_H_
