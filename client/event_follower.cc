#include "client/event_follower.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/exit_code.h"
#include "client/output/format.h"
#include "server/protocol/job_state.h"
#include "server/protocol/packed_events.h"

namespace kur::client {

absl::StatusOr<EventFollower::Step> EventFollower::Next(v1::Event* event, absl::Duration timeout) {
  if (!unpacked_.empty()) {
    *event = std::move(unpacked_.front());
    unpacked_.pop_front();
    return Step::kEvent;
  }
  if (reader_ == nullptr) {
    if (const absl::Duration wait = retry_at_ - clock_.Now(); wait > absl::ZeroDuration()) {
      clock_.SleepFor(std::min(wait, timeout));
      return Step::kNothing;
    }
    OpenStream();
  }
  switch (reader_->Next(event, timeout)) {
    case Reader::Outcome::kMessage:
      return HandleEvent(event);
    case Reader::Outcome::kEnd: {
      const absl::Status status = reader_->status();
      reader_.reset();
      return HandleStreamEnd(status);
    }
    case Reader::Outcome::kTimeout:
      break;
  }
  return Step::kNothing;
}

void EventFollower::OpenStream() {
  received_event_ = false;
  v1::WatchEventsRequest request;
  request.set_name(options_.job);
  request.set_from(next_number_);
  request.set_follow(options_.follow);
  reader_ = std::make_unique<Reader>(connection_, connection_.jobs(),
                                     &v1::Jobs::Stub::AsyncWatchEvents, request);
}

absl::StatusOr<EventFollower::Step> EventFollower::HandleEvent(v1::Event* event) {
  if (backoff_.failing()) {
    options_.on_connection_change("connected again");
    backoff_.Reset();
  }
  if (event->number() < next_number_) return Step::kNothing;
  if (event->number() > next_number_) {
    return MarkAsServerError(
        absl::DataLossError(absl::StrCat("the server sent event ", event->number(), " of ",
                                         options_.job, " where ", next_number_, " was due")));
  }
  ++next_number_;
  received_event_ = true;
  saw_final_state_ |= event->has_state_changed() && IsFinal(event->state_changed().state());
  if (!event->has_packed()) return Step::kEvent;
  auto events = UnpackEvents(*event);
  if (!events.ok()) {
    return MarkAsServerError(absl::DataLossError(absl::StrCat(
        "event ", event->number(), " of ", options_.job, ": ", events.status().message())));
  }
  unpacked_.assign(std::make_move_iterator(events->begin()),
                   std::make_move_iterator(events->end()));
  *event = std::move(unpacked_.front());
  unpacked_.pop_front();
  return Step::kEvent;
}

absl::StatusOr<EventFollower::Step> EventFollower::HandleStreamEnd(const absl::Status& status) {
  if (saw_final_state_) return Step::kEnd;
  if (!status.ok()) return IsTransient(status) ? ScheduleRetry(status) : status;
  if (!options_.follow) return Step::kEnd;
  if (!received_event_) {
    // A stream that begins after the last event of a job that has ended ends without an event.
    v1::GetJobRequest request;
    request.set_name(options_.job);
    const auto job = connection_.Call(&v1::Jobs::Stub::GetJob, request);
    if (job.ok() && IsFinal(job->state())) return Step::kEnd;
  }
  return ScheduleRetry(
      MarkAsServerError(absl::UnavailableError("the server ended the stream early")));
}

absl::StatusOr<EventFollower::Step> EventFollower::ScheduleRetry(const absl::Status& status) {
  const bool first = !backoff_.failing();
  const absl::Time now = clock_.Now();
  const absl::Duration pause = backoff_.NextDelay(now);
  if (pause == absl::InfiniteDuration()) return status;
  if (first) {
    options_.on_connection_change(absl::StrCat(status.message(), "; trying again for ",
                                               HumanDuration(options_.retry_timeout)));
  }
  retry_at_ = now + pause;
  return Step::kNothing;
}

}  // namespace kur::client
