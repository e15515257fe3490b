#include "engine/kurfile/specs/metric_choice.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/suggest.h"

namespace kur {
namespace {

using Losses = std::vector<std::shared_ptr<const LossSpec>>;
using Metrics = std::vector<std::shared_ptr<const MetricSpec>>;

std::shared_ptr<const MetricSpec> ParseMetric(const Value& value, const std::string& key,
                                              Diagnostics* diagnostics) {
  if (value.is_string()) {
    return ParseKind<MetricSpec>("metric", value.as_string(), value.location(),
                                 Value(Dict()).At(value.location()), key, diagnostics);
  }
  if (!value.is_dict() || value.as_dict().size() != 1 ||
      !value.as_dict().begin()->first.is_string()) {
    ReportType(value, key, "a metric, as in 'accuracy' or 'top_k: {k: 5}'", diagnostics);
    return nullptr;
  }
  const auto& [name, options] = *value.as_dict().begin();
  return ParseKind<MetricSpec>("metric", name.as_string(), name.location(), options,
                               absl::StrCat(key, ".", name.as_string()), diagnostics);
}

// Returns the metrics that a section has without requesting any, with default options.
Metrics DefaultMetrics() {
  Metrics defaults;
  for (const std::string& name : Registry<MetricKind>::Get().Names()) {
    Diagnostics ignored;  // a kind with a required key is no default metric
    auto spec = Registry<MetricKind>::Get().Find(name)->parse(Value(Dict()), name, &ignored);
    if (spec != nullptr && spec->IsDefault()) defaults.push_back(std::move(spec));
  }
  return defaults;
}

void ReportUnsupported(const MetricSpec& metric, const Losses& losses, Diagnostics* diagnostics) {
  std::vector<std::string> targets;
  for (const auto& loss : losses) {
    targets.push_back(loss->target);
    if (loss->target != metric.target) continue;
    diagnostics->Error(metric.location, metric.key,
                       absl::StrCat(metric.kind(), " cannot be counted for '", loss->target,
                                    "', whose loss is ", loss->kind()));
    return;
  }
  const std::string message =
      metric.target ? absl::StrCat("no loss has the target '", *metric.target, "'",
                                   DidYouMean(*metric.target, targets))
                    : absl::StrCat("no output has a loss that ", metric.kind(), " suits");
  diagnostics->Error(metric.location, metric.key, message);
}

}  // namespace

MetricList ParseMetrics(const Value& value, const std::string& key, Diagnostics* diagnostics) {
  if (value.is_null()) return std::nullopt;
  Metrics metrics;
  const auto add = [&](const Value& entry, const std::string& entry_key) {
    auto metric = ParseMetric(entry, entry_key, diagnostics);
    if (metric != nullptr) metrics.push_back(std::move(metric));
  };
  if (!value.is_list()) {
    add(value, key);
    return metrics;
  }
  for (size_t i = 0; i < value.as_list().size(); ++i) {
    add(value.as_list()[i], absl::StrCat(key, "[", i, "]"));
  }
  return metrics;
}

std::vector<ChosenMetric> ChooseMetrics(const MetricList& requested, const Losses& losses,
                                        Diagnostics* diagnostics) {
  std::vector<ChosenMetric> chosen;
  for (const auto& metric : requested.has_value() ? *requested : DefaultMetrics()) {
    bool supported = false;
    for (size_t i = 0; i < losses.size(); ++i) {
      const bool matches_target = !metric->target || *metric->target == losses[i]->target;
      if (!matches_target || !metric->Supports(losses[i]->task())) continue;
      chosen.push_back({metric, i, requested.has_value()});
      supported = true;
    }
    if (!supported && requested.has_value()) ReportUnsupported(*metric, losses, diagnostics);
  }
  return chosen;
}

}  // namespace kur
