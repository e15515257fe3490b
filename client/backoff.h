#ifndef KUR_CLIENT_BACKOFF_H_
#define KUR_CLIENT_BACKOFF_H_

#include <algorithm>

#include "absl/time/time.h"

namespace kur::client {

// Computes exponential delays between retries, from 200 ms to 5 s, and decides when to give up. Not
// thread-safe.
class Backoff {
 public:
  // Gives up once `timeout` has passed since the first of consecutive failures.
  explicit Backoff(absl::Duration timeout) : timeout_(timeout) {}

  // Records a failure at `now`. Returns the delay before the next attempt, or an infinite duration
  // if the caller should give up.
  absl::Duration NextDelay(absl::Time now) {
    if (first_failure_ == absl::InfiniteFuture()) first_failure_ = now;
    if (now - first_failure_ >= timeout_) return absl::InfiniteDuration();
    const absl::Duration delay = delay_;
    delay_ = std::min(delay_ * 2, absl::Seconds(5));
    return delay;
  }

  // Records a success: the next failure starts with the shortest delay.
  void Reset() {
    first_failure_ = absl::InfiniteFuture();
    delay_ = kFirstDelay;
  }

  // Returns whether the latest attempt failed.
  bool failing() const { return first_failure_ != absl::InfiniteFuture(); }

 private:
  static constexpr absl::Duration kFirstDelay = absl::Milliseconds(200);

  absl::Duration timeout_;
  absl::Duration delay_ = kFirstDelay;
  absl::Time first_failure_ = absl::InfiniteFuture();
};

// How long kurctl retries a server that has answered before.
constexpr absl::Duration kRetryTimeout = absl::Minutes(5);

}  // namespace kur::client

#endif  // KUR_CLIENT_BACKOFF_H_
