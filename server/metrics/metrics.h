#ifndef KUR_SERVER_METRICS_METRICS_H_
#define KUR_SERVER_METRICS_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/metrics/metrics_server.h"
#include "server/net/tls_files.h"

namespace kur::server {

// The metrics of kurd for Prometheus. Label values never come from users, whose values would be
// unbounded. Thread-safe, but Serve(), ReplaceCertificate() and Stop() are for
// one thread.
class Metrics {
 public:
  // A value that is computed when Prometheus asks.
  struct Sample {
    std::string name;
    std::string help;
    std::string label;  // the name of the label; empty: no label
    std::string label_value;
    double value = 0;
  };
  using Sampler = std::function<std::vector<Sample>()>;

  explicit Metrics(const std::string& version);
  ~Metrics();

  // Serves /metrics until Stop(), with a page of its own. Calls `sampler` for every request, on a
  // thread of the server. Returns UNAVAILABLE if the address cannot be had.
  absl::Status Serve(MetricsServer::Options options, Sampler sampler);

  // See MetricsServer::ReplaceCertificate().
  absl::Status ReplaceCertificate(TlsFiles tls);

  // Stops serving. The sampler is not called after Stop() has returned.
  void Stop();

  // Counts an RPC with its full method name and the name of its status code.
  void CountCall(const std::string& method, const std::string& code);
  // Counts a connection that was ended before anyone had authenticated; `reason` is one of a few.
  void CountTurnedAway(const std::string& reason);
  void CountSubmission() { submissions_.Increment(); }
  void CountEvents(int64_t events) { events_.Increment(static_cast<double>(events)); }
  void CountUploadedBytes(int64_t bytes) { uploaded_.Increment(static_cast<double>(bytes)); }
  void OnWatchStart() { watchers_.Increment(); }
  void OnWatchEnd() { watchers_.Decrement(); }

 private:
  std::shared_ptr<prometheus::Registry> registry_;
  prometheus::Family<prometheus::Counter>& calls_;
  prometheus::Family<prometheus::Counter>& turned_away_;
  prometheus::Counter& submissions_;
  prometheus::Counter& events_;
  prometheus::Counter& uploaded_;
  prometheus::Gauge& watchers_;
  std::unique_ptr<MetricsServer> server_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_METRICS_METRICS_H_
