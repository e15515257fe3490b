#include "server/worker/thinning_sink.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "server/worker/event_conversions.h"

namespace kur::worker {
namespace {

// An epoch with more events is passed on as it comes: it has many validation sets.
constexpr size_t kMostOfEpoch = 256;

v1::Event Warning(const std::string& text) {
  v1::Event event;
  event.mutable_log_line()->set_level(v1::LogLine::LEVEL_WARNING);
  event.mutable_log_line()->set_text(text);
  return event;
}

}  // namespace

ThinningSink::ThinningSink(EventSink* next, Options options)
    : next_(next),
      options_(std::move(options)),
      is_full_(IsFull()),
      passed_on_(options_.uptime()) {}

bool ThinningSink::IsFull() const {
  return options_.limit > 0 && options_.used + options_.used_now() >= options_.limit;
}

absl::Status ThinningSink::Add(v1::Event event) {
  const absl::MutexLock lock(&mutex_);
  if (is_full_) return AddThinned(std::move(event));
  KUR_RETURN_IF_ERROR(next_->Add(std::move(event)));
  if (!IsFull()) return absl::OkStatus();
  is_full_ = true;
  passed_on_ = options_.uptime();
  return next_->Add(Warning(absl::StrCat(
      "the job's events have reached the limit of ", options_.limit >> 20,
      " MiB (kurd --event-space): training goes on, but from now on losses of batches and progress "
      "are left out, and of epochs only about one a minute is kept, the last before each "
      "checkpoint, and the last of all")));
}

absl::Status ThinningSink::AddThinned(v1::Event event) {
  switch (event.kind_case()) {
    case v1::Event::kBatchLosses:
    case v1::Event::kPassProgress:
    case v1::Event::kDownloadProgress:
      return absl::OkStatus();
    case v1::Event::kLogLine:
      return AddLine(std::move(event));
    case v1::Event::kEpochStarted:
      return BeginEpoch(std::move(event));
    case v1::Event::kEpochFinished:
    case v1::Event::kMeasured:
      *event.mutable_time() = CurrentTimestamp();
      epoch_.push_back(std::move(event));
      return epoch_.size() < kMostOfEpoch ? absl::OkStatus() : PassEpochOn();
    default:
      KUR_RETURN_IF_ERROR(PassEpochOn());
      return next_->Add(std::move(event));
  }
}

absl::Status ThinningSink::AddLine(v1::Event event) {
  if (log_bytes_ > kLogBytes) return absl::OkStatus();
  log_bytes_ += static_cast<int64_t>(event.ByteSizeLong());
  if (log_bytes_ <= kLogBytes) return next_->Add(std::move(event));
  return next_->Add(Warning("further log lines of this attempt are left out"));
}

absl::Status ThinningSink::BeginEpoch(v1::Event event) {
  if (options_.uptime() - passed_on_ >= kEpochInterval) KUR_RETURN_IF_ERROR(PassEpochOn());
  epoch_.clear();
  *event.mutable_time() = CurrentTimestamp();
  epoch_.push_back(std::move(event));
  return absl::OkStatus();
}

absl::Status ThinningSink::PassEpochOn() {
  std::vector<v1::Event> events = std::exchange(epoch_, {});
  if (!events.empty()) passed_on_ = options_.uptime();
  for (v1::Event& event : events) KUR_RETURN_IF_ERROR(next_->Add(std::move(event)));
  return absl::OkStatus();
}

absl::Status ThinningSink::Flush() {
  {
    const absl::MutexLock lock(&mutex_);
    KUR_RETURN_IF_ERROR(PassEpochOn());
  }
  return next_->Flush();
}

absl::Status ThinningSink::Sync() {
  KUR_RETURN_IF_ERROR(Flush());
  return next_->Sync();
}

}  // namespace kur::worker
