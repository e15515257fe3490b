#ifndef KUR_SERVER_NET_USER_RATE_H_
#define KUR_SERVER_NET_USER_RATE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/base/clock.h"

namespace kur::server {

// Bounds how many bytes a second each user sends, over all of his calls together: who reads from
// him waits in between. What one second has room for may come at once. Thread-safe.
class UserRate {
 public:
  // `bytes_per_second`: 0 for no bound. `uptime`: see Uptime().
  explicit UserRate(int64_t bytes_per_second, std::function<absl::Duration()> uptime = Uptime)
      : bytes_per_second_(bytes_per_second), uptime_(std::move(uptime)) {}

  // Notes bytes that the user has sent. Returns how long to read no more from the same call.
  absl::Duration Add(const std::string& user, int64_t bytes);

 private:
  const int64_t bytes_per_second_;
  const std::function<absl::Duration()> uptime_;
  absl::Mutex mutex_;
  // At which uptime the user would have sent, at the rate, what he has sent.
  std::map<std::string, absl::Duration> due_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kur::server

#endif  // KUR_SERVER_NET_USER_RATE_H_
