#include "server/jobs/worker_watch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace kur::server {
namespace {

// What a worker uses of the processor that only gives signs of life is far less.
constexpr double kLeastShareOfWork = 0.01;
// Of shorter silences people need not know.
constexpr absl::Duration kNotableSilence = absl::Seconds(20);
constexpr absl::Duration kNotablePause = absl::Minutes(5);

std::string InSeconds(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Seconds(1)));
}

}  // namespace

void WorkerWatch::OnHeartbeat(absl::Duration processor_time) {
  OnHeard();
  if (!processor_time_.has_value()) processor_time_at_report_ = processor_time;
  processor_time_ = processor_time;
}

void WorkerWatch::OnEvents() {
  OnHeard();
  unreported_ = absl::ZeroDuration();
  processor_time_at_report_ = processor_time_.value_or(absl::ZeroDuration());
}

WorkerHealth WorkerWatch::Look(absl::Duration uptime) {
  const absl::Duration passed = uptime - last_look_.value_or(uptime);
  const absl::Duration counted = std::clamp(passed, absl::ZeroDuration(), kLookInterval);
  last_look_ = uptime;
  unheard_ += counted;
  unreported_ += counted;
  if (unheard_ >= limits_.answer) return WorkerHealth::kUnresponsive;
  if (unreported_ < limits_.report) return WorkerHealth::kFine;
  return IsIdle() ? WorkerHealth::kIdle : WorkerHealth::kSilent;
}

bool WorkerWatch::IsIdle() const {
  const absl::Duration used =
      processor_time_.value_or(absl::ZeroDuration()) - processor_time_at_report_;
  return used < kLeastShareOfWork * unreported_;
}

std::string WorkerWatch::Describe() const {
  // What Look() finds comes before what it may find soon.
  const bool hangs = unreported_ >= limits_.report;
  if (unheard_ >= (hangs ? limits_.answer : kNotableSilence)) {
    return absl::StrCat("the worker has not answered for ", InSeconds(unheard_));
  }
  if (unreported_ < kNotablePause) return "";
  return absl::StrCat("the worker has reported nothing for ", InSeconds(unreported_),
                      IsIdle() ? " and uses no processor" : ", but computes");
}

}  // namespace kur::server
