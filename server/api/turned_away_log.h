#ifndef KUR_SERVER_API_TURNED_AWAY_LOG_H_
#define KUR_SERVER_API_TURNED_AWAY_LOG_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/metrics/metrics.h"

namespace kur::server {

// Tells the operator about connections that were turned away: each in the metrics, and at most one
// line in 10 s in the log. Not thread-safe.
class TurnedAwayLog {
 public:
  // `metrics`: null for none.
  explicit TurnedAwayLog(Metrics* metrics) : metrics_(metrics) {}

  void Add(absl::string_view reason);

 private:
  Metrics* const metrics_;
  // Since the last line.
  std::map<std::string, int> counts_;
  absl::Duration next_line_;  // by Uptime()
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_TURNED_AWAY_LOG_H_
