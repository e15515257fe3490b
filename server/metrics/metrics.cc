#include "server/metrics/metrics.h"

#include <exception>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/base/clock.h"

namespace kur::server {
namespace {

prometheus::Family<prometheus::Counter>& AddCounters(prometheus::Registry& registry,
                                                     const std::string& name,
                                                     const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Counter& AddCounter(prometheus::Registry& registry, const std::string& name,
                                const std::string& help) {
  return AddCounters(registry, name, help).Add({});
}

prometheus::Gauge& AddGauge(prometheus::Registry& registry, const std::string& name,
                            const std::string& help,
                            const std::map<std::string, std::string>& labels = {}) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(labels);
}

}  // namespace

class Metrics::SampleCollector : public prometheus::Collectable {
 public:
  explicit SampleCollector(Sampler sampler) : sampler_(std::move(sampler)) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::map<std::string, prometheus::MetricFamily> families;
    for (const Sample& sample : sampler_()) {
      prometheus::MetricFamily& family = families[sample.name];
      family.name = sample.name;
      family.help = sample.help;
      family.type = prometheus::MetricType::Gauge;
      prometheus::ClientMetric& metric = family.metric.emplace_back();
      if (!sample.label.empty()) metric.label.push_back({sample.label, sample.label_value});
      metric.gauge.value = sample.value;
    }
    std::vector<prometheus::MetricFamily> all;
    all.reserve(families.size());
    for (auto& entry : families) all.push_back(std::move(entry.second));
    return all;
  }

 private:
  const Sampler sampler_;
};

Metrics::Metrics(const std::string& version)
    : registry_(std::make_shared<prometheus::Registry>()),
      calls_(AddCounters(*registry_, "kurd_rpcs_total",
                         "Calls that were answered, by method and status code.")),
      turned_away_(AddCounters(*registry_, "kurd_connections_turned_away_total",
                               "Connections that were ended unauthenticated, by reason.")),
      submissions_(AddCounter(*registry_, "kurd_submissions_total", "Jobs that were accepted.")),
      events_(AddCounter(*registry_, "kurd_events_total", "Events that workers reported.")),
      uploaded_(AddCounter(*registry_, "kurd_uploaded_bytes_total", "Bytes that were uploaded.")),
      watchers_(AddGauge(*registry_, "kurd_watchers", "Calls that follow the events of a job.")) {
  AddGauge(*registry_, "kurd_build_info", "Always 1; the version is a label.",
           {{"version", version}})
      .Set(1);
  AddGauge(*registry_, "kurd_start_time_seconds", "When kurd was started, in seconds since 1970.")
      .Set(static_cast<double>(absl::ToUnixSeconds(TimeOfDay())));
}

Metrics::~Metrics() { Stop(); }

absl::Status Metrics::Serve(const std::string& address, Sampler sampler) {
  try {
    exposer_ = std::make_unique<prometheus::Exposer>(address, /*num_threads=*/1);
  } catch (const std::exception& error) {
    return absl::UnavailableError(
        absl::StrCat("cannot serve metrics on ", address, ": ", error.what()));
  }
  collector_ = std::make_shared<SampleCollector>(std::move(sampler));
  exposer_->RegisterCollectable(registry_);
  exposer_->RegisterCollectable(collector_);
  return absl::OkStatus();
}

void Metrics::Stop() { exposer_.reset(); }

void Metrics::CountTurnedAway(const std::string& reason) {
  turned_away_.Add({{"reason", reason}}).Increment();
}

void Metrics::CountCall(const std::string& method, const std::string& code) {
  calls_.Add({{"method", method}, {"code", code}}).Increment();
}

}  // namespace kur::server
