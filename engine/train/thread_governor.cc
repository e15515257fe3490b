#include "engine/train/thread_governor.h"

#include <ATen/Parallel.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

namespace kur {
namespace {

// Long enough for some time slices of the others, which last a few milliseconds.
constexpr double kWindowSeconds = 0.1;
constexpr int64_t kWindowSteps = 2;

// Alone on a machine a thread loses its processor a few times a second, to the kernel. Where the
// threads of the process itself are in each other's way, as those that make batches may be, the
// process has all of the processors all the same.
constexpr double kContendedPreemptions = 20;  // of a thread in a second
constexpr double kWholeShare = 0.9;

// Which of the numbers of threads each window of a trial has: what drifts over time cancels out.
constexpr int kTrialWindows = 4;
constexpr bool IsOther(int window) { return window == 1 || window == 2; }

// Less of a gain is noise.
constexpr double kGain = 1.05;

constexpr double kFirstPatience = 0.5;  // seconds
constexpr double kMostPatience = 16;

}  // namespace

ThreadGovernor::ThreadGovernor(int most, Machine machine)
    : most_(most), machine_(std::move(machine)), threads_(most), patience_(kFirstPatience) {}

ThreadGovernor::Machine ThreadGovernor::ThisMachine() {
  return {[] {
            rusage usage = {};
            getrusage(RUSAGE_SELF, &usage);
            const auto seconds = [](const timeval& time) {
              return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
            };
            return Usage{usage.ru_nivcsw, seconds(usage.ru_utime) + seconds(usage.ru_stime)};
          },
          [](int threads) { at::set_num_threads(threads); }};
}

void ThreadGovernor::BeforeStep() {
  if (most_ > 1) before_step_ = machine_.usage();
}

void ThreadGovernor::AfterStep(double seconds) {
  if (most_ <= 1) return;
  now_ += seconds;
  if (++steps_ == 0) {
    BeginWindow();
    return;
  }
  const Usage usage = machine_.usage();
  used_.preemptions += usage.preemptions - before_step_.preemptions;
  used_.processor_seconds += usage.processor_seconds - before_step_.processor_seconds;
  seconds_ += seconds;
  if (seconds_ >= kWindowSeconds && steps_ >= kWindowSteps) EndWindow();
}

void ThreadGovernor::BeginWindow() {
  steps_ = 0;
  seconds_ = 0;
  used_ = Usage();
}

bool ThreadGovernor::IsContended() const {
  const double preemptions = static_cast<double>(used_.preemptions) / seconds_;
  // The number of threads in this window, which is that of the processors that they could have.
  const int threads = other_ != 0 && IsOther(window_) ? other_ : threads_;
  return preemptions > kContendedPreemptions * threads &&
         used_.processor_seconds < kWholeShare * seconds_ * threads;
}

void ThreadGovernor::EndWindow() {
  const bool was_contended = contended_;
  contended_ = IsContended();
  if (other_ != 0) {
    step_seconds_[IsOther(window_) ? 1 : 0] += seconds_ / static_cast<double>(steps_);
    const bool was_other = IsOther(window_);
    if (++window_ == kTrialWindows) {
      EndTrial();
    } else if (IsOther(window_) != was_other) {
      machine_.set_threads(was_other ? threads_ : other_);
      steps_ = -1;
    } else {
      BeginWindow();
    }
    return;
  }
  if (contended_ != was_contended) {
    patience_ = kFirstPatience;
    next_trial_ = now_;
    try_fewer_ = contended_;
  }
  BeginWindow();
  if (now_ < next_trial_) return;
  const int candidate = Candidate();
  if (candidate != threads_) BeginTrial(candidate);
}

int ThreadGovernor::Candidate() {
  // A third at a time, as one of many makes no difference.
  const int fewer = std::max(1, std::min(threads_ - 1, threads_ * 2 / 3));
  const int more = std::min(most_, std::max(threads_ + 1, threads_ * 3 / 2));
  if (!contended_) return more;
  const bool can_be_fewer = threads_ > 1;
  const bool can_be_more = threads_ < most_;
  return can_be_fewer && (try_fewer_ || !can_be_more) ? fewer : more;
}

void ThreadGovernor::BeginTrial(int other) {
  other_ = other;
  window_ = 0;
  step_seconds_[0] = step_seconds_[1] = 0;
}

void ThreadGovernor::EndTrial() {
  const bool is_better = step_seconds_[1] * kGain < step_seconds_[0];
  const bool is_as_good = step_seconds_[1] <= step_seconds_[0];
  // Where nothing is gained, others get what they want, and what nobody wants is used.
  if (is_better || (is_as_good && contended_ == (other_ < threads_))) {
    threads_ = other_;
    machine_.set_threads(threads_);
    patience_ = kFirstPatience;
    steps_ = -1;
  } else {
    try_fewer_ = !try_fewer_;
    patience_ = std::min(2 * patience_, kMostPatience);
    BeginWindow();
  }
  other_ = 0;
  next_trial_ = now_ + patience_;
}

}  // namespace kur
