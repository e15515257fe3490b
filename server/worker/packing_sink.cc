#include "server/worker/packing_sink.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/base/status.h"
#include "server/protocol/packed_events.h"
#include "server/worker/event_conversions.h"

namespace kur::worker {
namespace {

constexpr absl::Duration kShortEpoch = absl::Seconds(1);
// Where one of these is reached, what is held is passed on at once: a packed event stays small.
constexpr size_t kMostHeld = 8192;
constexpr size_t kMostBytes = 1 << 20;

// Makes of two messages about consecutive batches of one epoch what the worker would have reported
// at once.
void Merge(const v1::BatchLosses& later, v1::BatchLosses* to) {
  double seconds = 0;
  int64_t samples = 0;
  for (const v1::BatchLosses* losses : {static_cast<const v1::BatchLosses*>(to), &later}) {
    int64_t count = 0;
    for (const int32_t size : losses->sizes()) count += size;
    samples += count;
    seconds += static_cast<double>(count) / losses->samples_per_second();
  }
  to->set_samples_per_second(static_cast<float>(static_cast<double>(samples) / seconds));
  to->mutable_losses()->MergeFrom(later.losses());
  to->mutable_sizes()->MergeFrom(later.sizes());
  to->set_samples(later.samples());
  to->set_mean_loss(later.mean_loss());
}

bool Continues(const v1::BatchLosses& losses, const v1::BatchLosses& before) {
  return losses.epoch() == before.epoch() &&
         losses.first_batch() == before.first_batch() + before.losses_size() &&
         losses.samples_per_second() > 0 && before.samples_per_second() > 0;
}

}  // namespace

PackingSink::PackingSink(EventSink* next, absl::Duration interval,
                         std::function<absl::Duration()> uptime)
    : next_(next), interval_(interval), uptime_(std::move(uptime)) {
  thread_ = std::thread([this] { Run(); });
}

PackingSink::~PackingSink() {
  {
    const absl::MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

absl::Status PackingSink::Add(v1::Event event) {
  const absl::MutexLock lock(&mutex_);
  if (event.has_epoch_started()) NoteEpoch();
  if (is_fast_ && IsPackable(event.kind_case())) {
    Hold(std::move(event));
  } else {
    PassOn(held_.size());
    status_.Update(next_->Add(std::move(event)));
  }
  return status_;
}

void PackingSink::NoteEpoch() {
  const absl::Duration now = uptime_();
  is_fast_ = now - std::exchange(epoch_started_, now) < kShortEpoch;
  epoch_begin_ = held_.size();
  epoch_has_waited_ = false;
}

void PackingSink::Hold(v1::Event event) {
  if (!event.has_time()) *event.mutable_time() = CurrentTimestamp();
  held_bytes_ += event.ByteSizeLong();
  const bool merges = event.has_batch_losses() && !held_.empty() &&
                      held_.back().has_batch_losses() &&
                      Continues(event.batch_losses(), held_.back().batch_losses());
  if (merges) {
    Merge(event.batch_losses(), held_.back().mutable_batch_losses());
    *held_.back().mutable_time() = event.time();
  } else {
    held_.push_back(std::move(event));
  }
  if (held_.size() >= kMostHeld || held_bytes_ >= kMostBytes) PassOn(held_.size());
}

void PackingSink::PassOn(size_t count) {
  const auto end = held_.begin() + static_cast<ptrdiff_t>(count);
  std::vector<v1::Event> events(std::make_move_iterator(held_.begin()),
                                std::make_move_iterator(end));
  held_.erase(held_.begin(), end);
  epoch_begin_ -= std::min(epoch_begin_, count);
  held_bytes_ = 0;
  for (const v1::Event& event : held_) held_bytes_ += event.ByteSizeLong();
  for (v1::Event& event : PackEvents(std::move(events))) {
    status_.Update(next_->Add(std::move(event)));
  }
}

absl::Status PackingSink::Flush() {
  const absl::MutexLock lock(&mutex_);
  PassOn(held_.size());
  status_.Update(next_->Flush());
  return status_;
}

absl::Status PackingSink::Sync() {
  KUR_RETURN_IF_ERROR(Flush());
  return next_->Sync();
}

void PackingSink::Tick() {
  const absl::MutexLock lock(&mutex_);
  // An epoch that takes so long is no short one: the rest of it is not held back.
  if (epoch_has_waited_ && epoch_begin_ < held_.size()) is_fast_ = false;
  PassOn(epoch_has_waited_ ? held_.size() : epoch_begin_);
  epoch_has_waited_ = !held_.empty();
}

void PackingSink::Run() {
  while (true) {
    {
      const absl::MutexLock lock(&mutex_);
      if (changed_.Await(&mutex_, absl::Condition(this, &PackingSink::HasStopped), interval_)) {
        return;
      }
    }
    Tick();
  }
}

}  // namespace kur::worker
