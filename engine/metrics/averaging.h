#ifndef KUR_ENGINE_METRICS_AVERAGING_H_
#define KUR_ENGINE_METRICS_AVERAGING_H_

#include <string>

#include "engine/kurfile/specs/metric_spec.h"

namespace kur {

// The options of metrics that are counted for each class: precision, recall, f1.
struct AveragedMetricSpec : MetricSpec {
  std::string average = "macro";

  bool Supports(Task task) const override { return IsAboutClasses(task); }
};

template <class Spec>
Fields<Spec> AveragedMetricFields() {
  return MetricFields<Spec>().Choice(
      "average", &Spec::average, {"macro", "micro"},
      "macro: the mean over the classes that occur; micro: from the counts of all classes "
      "together. Of yes or no, it is always that of yes");
}

}  // namespace kur

#endif  // KUR_ENGINE_METRICS_AVERAGING_H_
