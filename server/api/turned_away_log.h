#ifndef KUR_SERVER_API_TURNED_AWAY_LOG_H_
#define KUR_SERVER_API_TURNED_AWAY_LOG_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/metrics/metrics.h"

namespace kur::server {

// Tells the operator about connections that were turned away: each in the metrics, and one line in
// 10 s at most in the log, with their number. Not thread-safe.
class TurnedAwayLog {
 public:
  // `metrics`: null for none.
  explicit TurnedAwayLog(Metrics* metrics) : metrics_(metrics) {}

  void Add(absl::string_view reason);
  // Writes the line that is due, if any. To be called now and then, also when nothing comes.
  void WriteIfDue();

 private:
  Metrics* const metrics_;
  // Since the last line.
  std::map<std::string, int> counts_;
  absl::Duration next_line_;  // by Uptime()
};

}  // namespace kur::server

#endif  // KUR_SERVER_API_TURNED_AWAY_LOG_H_
