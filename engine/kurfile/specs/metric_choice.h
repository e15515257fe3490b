#ifndef KUR_ENGINE_KURFILE_SPECS_METRIC_CHOICE_H_
#define KUR_ENGINE_KURFILE_SPECS_METRIC_CHOICE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/kurfile/specs/loss_spec.h"
#include "engine/kurfile/specs/metric_spec.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// The metrics that a section requests; absent: the default metrics.
using MetricList = std::optional<std::vector<std::shared_ptr<const MetricSpec>>>;

// Parses `metrics`: a list of names and of {name: {options}}, or one such element.
MetricList ParseMetrics(const Value& value, const std::string& key, Diagnostics* diagnostics);

// A metric of one output.
struct ChosenMetric {
  std::shared_ptr<const MetricSpec> spec;
  size_t loss;     // the index of the loss of that output
  bool requested;  // by the Kurfile; false: a default metric
};

// Returns the metrics of a section, given the losses of the model. Reports requested metrics that
// support no loss.
std::vector<ChosenMetric> ChooseMetrics(const MetricList& requested,
                                        const std::vector<std::shared_ptr<const LossSpec>>& losses,
                                        Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_METRIC_CHOICE_H_
