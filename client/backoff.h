#ifndef KUR_CLIENT_BACKOFF_H_
#define KUR_CLIENT_BACKOFF_H_

#include <algorithm>

#include "absl/time/time.h"

namespace kur::client {

// How long to wait before each further attempt, and when to give up: the pauses double from a fifth
// of a second to five seconds; success starts over. Not thread-safe.
class Backoff {
 public:
  // Gives up once `timeout` has passed since the first of a row of failures.
  explicit Backoff(absl::Duration timeout) : timeout_(timeout) {}

  // Counts a failure at `now`; returns how long to wait, or an infinite duration to give up.
  absl::Duration NextDelay(absl::Time now) {
    if (first_failure_ == absl::InfiniteFuture()) first_failure_ = now;
    if (now - first_failure_ >= timeout_) return absl::InfiniteDuration();
    const absl::Duration pause = pause_;
    pause_ = std::min(pause_ * 2, absl::Seconds(5));
    return pause;
  }

  void Reset() {
    first_failure_ = absl::InfiniteFuture();
    pause_ = kFirstPause;
  }

  // True between a failure and the next success.
  bool failing() const { return first_failure_ != absl::InfiniteFuture(); }

 private:
  static constexpr absl::Duration kFirstPause = absl::Milliseconds(200);

  absl::Duration timeout_;
  absl::Duration pause_ = kFirstPause;
  absl::Time first_failure_ = absl::InfiniteFuture();
};

// How long kurctl goes on trying to reach a server that it has reached before.
constexpr absl::Duration kRetryTimeout = absl::Minutes(5);

}  // namespace kur::client

#endif  // KUR_CLIENT_BACKOFF_H_
