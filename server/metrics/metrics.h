#ifndef KUR_SERVER_METRICS_METRICS_H_
#define KUR_SERVER_METRICS_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace kur::server {

// The metrics of kurd for Prometheus. Label values never come from users, whose values would be
// unbounded. Thread-safe, but Serve() and Stop() are for one thread.
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

  // Serves http://ADDRESS/metrics until Stop(). Calls `sampler` for every request, on a thread of
  // the exposer. Returns UNAVAILABLE if the address cannot be bound.
  absl::Status Serve(const std::string& address, Sampler sampler);

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
  class SampleCollector;

  std::shared_ptr<prometheus::Registry> registry_;
  prometheus::Family<prometheus::Counter>& calls_;
  prometheus::Family<prometheus::Counter>& turned_away_;
  prometheus::Counter& submissions_;
  prometheus::Counter& events_;
  prometheus::Counter& uploaded_;
  prometheus::Gauge& watchers_;
  std::shared_ptr<SampleCollector> collector_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_METRICS_METRICS_H_
