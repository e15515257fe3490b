#ifndef KUR_ENGINE_TRAIN_STOPWATCH_H_
#define KUR_ENGINE_TRAIN_STOPWATCH_H_

#include <chrono>

namespace kur {

// Returns seconds on a clock that never goes back. Thread-safe.
inline double MonotonicSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

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
