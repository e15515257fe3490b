#ifndef KUR_CLIENT_EVENT_FOLLOWER_H_
#define KUR_CLIENT_EVENT_FOLLOWER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/backoff.h"
#include "client/clock.h"
#include "client/connection.h"
#include "client/stream_reader.h"

namespace kur::client {

// Reads the events of a job from a given number on, each exactly once and in order, across broken
// connections and restarts of kurd. Not thread-safe.
class EventFollower {
 public:
  struct Options {
    std::string job;   // the full name
    int64_t from = 1;  // the number of the first event
    // Whether to wait for further events until the job has ended. False: stop after the newest.
    bool follow = true;
    // How long to retry after the connection was lost.
    absl::Duration retry_timeout = kRetryTimeout;
    // Called with a message when the connection is lost and when it is restored.
    std::function<void(const std::string&)> on_connection_change = [](const std::string&) {};
  };

  enum class Step { kEvent, kNothing, kEnd };

  // `connection` and `clock` must outlive the follower.
  EventFollower(Connection& connection, Clock& clock, Options options)
      : connection_(connection),
        clock_(clock),
        options_(std::move(options)),
        next_number_(options_.from),
        backoff_(options_.retry_timeout) {}

  // Never returns a packed event: those that it stands for, which all have its number, come one by
  // one. Waits at most about `timeout` for the next event. Returns kNothing if none arrived.
  // Returns an error only if a retry is useless or the retry timeout has passed; the follower must
  // not be used after that. Returns DATA_LOSS if the server left out an event.
  absl::StatusOr<Step> Next(v1::Event* event, absl::Duration timeout);

 private:
  using Reader = StreamReader<v1::Event>;

  void OpenStream();
  absl::StatusOr<Step> HandleEvent(v1::Event* event);
  absl::StatusOr<Step> HandleStreamEnd(const absl::Status& status);
  absl::StatusOr<Step> ScheduleRetry(const absl::Status& status);

  Connection& connection_;
  Clock& clock_;
  const Options options_;
  std::unique_ptr<Reader> reader_;  // null between attempts
  std::deque<v1::Event> unpacked_;  // what is to be returned before anything else is read
  int64_t next_number_;             // of the next event
  bool saw_final_state_ = false;    // the event of the final state was received
  bool received_event_ = false;     // the current stream has sent an event
  Backoff backoff_;
  absl::Time retry_at_ = absl::InfinitePast();
};

}  // namespace kur::client

#endif  // KUR_CLIENT_EVENT_FOLLOWER_H_
