#ifndef KUR_ENGINE_TRAIN_STOPWATCH_H_
#define KUR_ENGINE_TRAIN_STOPWATCH_H_

#include "engine/base/clock.h"

namespace kur {

// Returns seconds on a clock that never goes back. Thread-safe.
inline double MonotonicSeconds() { return absl::ToDoubleSeconds(Uptime()); }

// Adds up the seconds between Resume() and Pause(). Not thread-safe.
class Stopwatch {
 public:
  void Resume() { started_ = MonotonicSeconds(); }
  void Pause() {
    total_ = seconds();
    started_ = -1;
  }
  void Reset(double seconds) { total_ = seconds; }
  double seconds() const { return started_ < 0 ? total_ : total_ + MonotonicSeconds() - started_; }

 private:
  double total_ = 0;
  double started_ = -1;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_STOPWATCH_H_
