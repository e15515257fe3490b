#ifndef KUR_ENGINE_TRAIN_THREAD_GOVERNOR_H_
#define KUR_ENGINE_TRAIN_THREAD_GOVERNOR_H_

#include <cstdint>
#include <functional>

namespace kur {

// Lets the number of threads follow what the machine really gives. Where other programs want the
// same processors, threads wait for each other at every barrier until the others' time slices end,
// and fewer threads are often faster. While the process is preempted often it compares the speed of
// steps with more and with fewer threads, and keeps what is faster. Left alone it changes nothing,
// so that runs repeat themselves. One thread.
class ThreadGovernor {
 public:
  // What it sees and changes; to be replaced in tests.
  struct Usage {
    int64_t preemptions = 0;       // how often a thread of the process has lost its processor
    double processor_seconds = 0;  // that the process has had
  };
  struct Machine {
    std::function<Usage()> usage;  // since the process began
    std::function<void(int)> set_threads;
  };

  // `most` is the number of threads that the run may use, and uses at first.
  explicit ThreadGovernor(int most) : ThreadGovernor(most, ThisMachine()) {}
  ThreadGovernor(int most, Machine machine);

  // To be called before every step, and after it with the seconds that it took; what happens
  // between steps does not count. AfterStep() may change the number of threads.
  void BeforeStep();
  void AfterStep(double seconds);

  // The number of threads that the last comparison has chosen.
  int threads() const { return threads_; }
  // Whether that is less than the run may use.
  bool gives_way() const { return threads_ < most_; }

 private:
  static Machine ThisMachine();

  void BeginWindow();
  void EndWindow();
  // Whether, in the present window, other programs have taken processors from this one.
  bool IsContended() const;
  void BeginTrial(int other);
  void EndTrial();
  // What to try next, or threads() for nothing.
  int Candidate();

  const int most_;
  const Machine machine_;
  int threads_;
  double now_ = 0;  // seconds of steps so far

  // The present window: some steps with the same number of threads.
  int64_t steps_ = -1;  // the first after a change is not counted: it prepares kernels
  double seconds_ = 0;
  Usage used_;              // in its steps
  Usage before_step_;       // what the process had used when the present step began
  bool contended_ = false;  // in the last window

  // A trial: four windows, with the chosen number, the other, the other, the chosen.
  int other_ = 0;  // 0: no trial
  int window_ = 0;
  double step_seconds_[2] = {0, 0};  // of the chosen number and of the other; summed over windows
  double next_trial_ = 0;
  double patience_;  // how long to wait after a trial that changed nothing
  bool try_fewer_ = true;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_THREAD_GOVERNOR_H_
