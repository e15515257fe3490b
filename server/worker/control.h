#ifndef KUR_SERVER_WORKER_CONTROL_H_
#define KUR_SERVER_WORKER_CONTROL_H_

#include <atomic>

namespace kur::worker {

// What others have asked of the run. Thread-safe, and safe to set from a signal handler.
class Control {
 public:
  void Cancel() { cancel_.store(true); }
  void RequestCheckpoint() { checkpoint_.store(true); }

  bool cancelled() const { return cancel_.load(); }
  // True once for each request.
  bool TakeCheckpointRequest() { return checkpoint_.exchange(false); }

 private:
  std::atomic<bool> cancel_{false};
  std::atomic<bool> checkpoint_{false};
};

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_CONTROL_H_
