#ifndef KUR_ENGINE_METRICS_AVERAGED_METRIC_H_
#define KUR_ENGINE_METRICS_AVERAGED_METRIC_H_

#include <map>
#include <string>
#include <vector>

#include "engine/metrics/averaging.h"
#include "engine/metrics/class_counts.h"
#include "engine/metrics/metric.h"

namespace kur {

// Counts of one class.
struct ClassCounts {
  int64_t hits = 0;       // positions where it was predicted and is true
  int64_t predicted = 0;  // positions where it was predicted
  int64_t actual = 0;     // positions where it is true
};

// A ratio of such counts: of yes, or averaged over the classes. It is reported under the name of
// its kind, with "macro_" or "micro_" in front of it where it is an average.
class AveragedMetric : public Metric {
 public:
  AveragedMetric(const AveragedMetricSpec& spec, const MetricContext& context);

  void Add(const at::Tensor& prediction, const std::vector<at::Tensor>& truth) override;
  std::map<std::string, double> Values() const override;

 protected:
  virtual double Ratio(const ClassCounts& counts) const = 0;

  // 0 where nothing was counted.
  static double Share(int64_t part, int64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  }

 private:
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
