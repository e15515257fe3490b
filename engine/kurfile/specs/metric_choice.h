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

// The metrics that a section asks for; absent: the defaults ones.
using MetricList = std::optional<std::vector<std::shared_ptr<const MetricSpec>>>;

// Reads `metrics`: a list of names and of {name: {options}}, or one of these.
MetricList ParseMetrics(const Value& value, const std::string& key, Diagnostics* diagnostics);

// A metric of one output.
struct ChosenMetric {
  std::shared_ptr<const MetricSpec> spec;
  size_t loss;     // the index of the loss of that output
  bool requested;  // by the Kurfile, or else defaults
};

// The metrics of a section whose model has these losses; reports those that suit none of them.
std::vector<ChosenMetric> ChooseMetrics(const MetricList& requested,
                                        const std::vector<std::shared_ptr<const LossSpec>>& losses,
                                        Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_METRIC_CHOICE_H_
