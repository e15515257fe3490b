#include "server/metrics/metrics.h"

#include <prometheus/text_serializer.h>

#include <map>
#include <utility>

#include "absl/time/time.h"
#include "engine/base/clock.h"
#include "engine/base/status.h"

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

// Appends the samples, by name.
void Append(const std::vector<Metrics::Sample>& samples,
            std::vector<prometheus::MetricFamily>* families) {
  std::map<std::string, prometheus::MetricFamily> named;
  for (const Metrics::Sample& sample : samples) {
    prometheus::MetricFamily& family = named[sample.name];
    family.name = sample.name;
    family.help = sample.help;
    family.type = prometheus::MetricType::Gauge;
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    if (!sample.label.empty()) metric.label.push_back({sample.label, sample.label_value});
    metric.gauge.value = sample.value;
  }
  for (auto& entry : named) families->push_back(std::move(entry.second));
}

}  // namespace

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

absl::Status Metrics::Serve(MetricsServer::Options options, Sampler sampler) {
  options.page = [registry = registry_, sampler = std::move(sampler)] {
    std::vector<prometheus::MetricFamily> families = registry->Collect();
    Append(sampler(), &families);
    return prometheus::TextSerializer().Serialize(families);
  };
  KUR_ASSIGN_OR_RETURN(server_, MetricsServer::Start(std::move(options)));
  return absl::OkStatus();
}

absl::Status Metrics::ReplaceCertificate(TlsFiles tls) {
  return server_ == nullptr ? absl::OkStatus() : server_->ReplaceCertificate(std::move(tls));
}

void Metrics::Stop() { server_.reset(); }

void Metrics::CountTurnedAway(const std::string& reason) {
  turned_away_.Add({{"reason", reason}}).Increment();
}

void Metrics::CountCall(const std::string& method, const std::string& code) {
  calls_.Add({{"method", method}, {"code", code}}).Increment();
}

}  // namespace kur::server
