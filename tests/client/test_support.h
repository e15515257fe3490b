#ifndef KUR_TESTS_CLIENT_TEST_SUPPORT_H_
#define KUR_TESTS_CLIENT_TEST_SUPPORT_H_

#include <atomic>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/clock.h"
#include "client/context.h"
#include "client/environment.h"
#include "client/output/terminal.h"
#include "kur/v1/event.pb.h"
#include "tests/testing/temporary_directory.h"

namespace kur::client {

// Time that moves only when someone sleeps. Thread-safe.
class FakeClock : public Clock {
 public:
  absl::Time Now() override {
    absl::MutexLock lock(&mutex_);
    return now_;
  }
  void SleepFor(absl::Duration duration) override {
    absl::MutexLock lock(&mutex_);
    now_ += duration;
  }

 private:
  absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_) = absl::FromUnixSeconds(1'700'000'100);
};

inline Terminal::Features PlainFeatures() { return {}; }

inline Terminal::Features ScreenFeatures(int width = 100, bool color = false) {
  Terminal::Features features;
  features.interactive = true;
  features.color = color;
  features.unicode = true;
  features.width = [width] { return width; };
  return features;
}

// An event with its number and a time of that many seconds.
inline v1::Event NumberedEvent(int64_t number) {
  v1::Event event;
  event.set_number(number);
  event.mutable_time()->set_seconds(1'700'000'000 + number);
  return event;
}

inline v1::Event LogEvent(int64_t number, const std::string& text) {
  v1::Event event = NumberedEvent(number);
  event.mutable_log_line()->set_level(v1::LogLine::LEVEL_INFO);
  event.mutable_log_line()->set_text(text);
  return event;
}

inline v1::Event StateEvent(int64_t number, v1::JobState state, const std::string& reason = "") {
  v1::Event event = NumberedEvent(number);
  event.mutable_state_changed()->set_state(state);
  event.mutable_state_changed()->set_reason(reason);
  return event;
}

// A command line's surroundings with its output kept.
struct TestContext {
  explicit TestContext(std::map<std::string, std::string> variables,
                       Terminal::Features features = PlainFeatures())
      : environment(std::move(variables)),
        out_terminal(out, features),
        err_terminal(err, features) {}

  Environment environment;
  std::ostringstream out;
  std::ostringstream err;
  Terminal out_terminal;
  Terminal err_terminal;
  FakeClock clock;
  std::atomic<bool> interrupted{false};
  Context context{environment,         out_terminal, err_terminal, clock,
                  absl::UTCTimeZone(), interrupted,  [] {},        {}};
};

}  // namespace kur::client

#endif  // KUR_TESTS_CLIENT_TEST_SUPPORT_H_
