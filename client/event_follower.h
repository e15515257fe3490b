#ifndef KUR_CLIENT_EVENT_FOLLOWER_H_
#define KUR_CLIENT_EVENT_FOLLOWER_H_

#include <cstdint>
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

// Reads a job's events from a number on, each exactly once and in order, however often the
// connection breaks or kurd restarts meanwhile. Not thread-safe.
class EventFollower {
 public:
  struct Options {
    std::string job;
    int64_t from = 1;
    // Stay until the job has ended; else stop after the newest event.
    bool follow = true;
    absl::Duration retry_timeout = kRetryTimeout;
    // Told when the connection is lost and found again.
    std::function<void(const std::string&)> on_connection_change = [](const std::string&) {};
  };

  enum class Step { kEvent, kNothing, kEnd };

  // Both must outlive the follower.
  EventFollower(Connection& connection, Clock& clock, Options options)
      : connection_(connection),
        clock_(clock),
        options_(std::move(options)),
        next_number_(options_.from),
        backoff_(options_.retry_timeout) {}

  // Waits for about `timeout` at most. An error is final: one that does not pass by itself, or that
  // has not passed for as long as the options allow. DATA_LOSS if the server left out an event.
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
  int64_t next_number_;             // the number of the event to come
  bool saw_final_state_ = false;    // the event of the final state was seen
  bool received_event_ = false;     // the stream has sent an event
  Backoff backoff_;
  absl::Time retry_at_ = absl::InfinitePast();
};

}  // namespace kur::client

#endif  // KUR_CLIENT_EVENT_FOLLOWER_H_
