#include "server/events/event_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "server/protocol/job_state.h"
#include "server/protocol/packed_events.h"

namespace kur::server {
namespace {

constexpr int kPrivateFile = 0600;

// Parses a record; false if it is not event `number`. A worker can write the file, too.
bool ParseEvent(const std::string& payload, int64_t number, v1::Event* event) {
  return event->ParseFromString(payload) && event->number() == number && CheckPacked(*event).ok();
}

}  // namespace

absl::StatusOr<std::shared_ptr<EventLog>> EventLog::Open(FileSystem& files, const std::string& path,
                                                         EventDispatcher& dispatcher,
                                                         Damage damage) {
  std::shared_ptr<EventLog> log(new EventLog(files, path, dispatcher));
  absl::MutexLock lock(&log->mutex_);
  auto reader = RecordLogReader::Open(files, path);
  // A folder or a link, which a worker has put there.
  const bool is_no_log =
      absl::IsInvalidArgument(reader.status()) || absl::IsPermissionDenied(reader.status());
  if (is_no_log && damage == Damage::kSetAside) {
    const absl::Status why = reader.status();
    KUR_ASSIGN_OR_RETURN(const std::string aside, MoveAside(files, path));
    log->SayWhatIsSetAside(why, aside);
    reader = absl::NotFoundError("");
  }
  if (absl::IsNotFound(reader.status())) {
    // Empties nothing, should the file be there after all.
    KUR_RETURN_IF_ERROR(files.OpenForAppend(path, /*truncate=*/false, kPrivateFile).status());
    KUR_RETURN_IF_ERROR(files.SyncDirectory(DirectoryOf(path)));
    reader = RecordLogReader::Open(files, path);
  }
  KUR_RETURN_IF_ERROR(reader.status());
  log->reader_ = *std::move(reader);
  log->Restore();
  absl::Status scanned = log->Scan();
  if (absl::IsDataLoss(scanned)) {
    if (damage == Damage::kSetAside) scanned = log->SetAside(scanned);
    if (damage == Damage::kKeep) log->damage_ = std::exchange(scanned, absl::OkStatus());
  }
  KUR_RETURN_IF_ERROR(scanned);
  log->may_lack_events_ = HasDamageSetAside(files, path);
  if (damage == Damage::kKeep) return log;
  KUR_ASSIGN_OR_RETURN(log->writer_, RecordLogWriter::OpenAt(files, path, log->durable_bytes_));
  return log;
}

absl::Status EventLog::SetAside(const absl::Status& damage) {
  KUR_ASSIGN_OR_RETURN(const std::string aside, SetAsideDamage(files_, path_, durable_bytes_));
  SayWhatIsSetAside(damage, aside);
  return absl::OkStatus();
}

void EventLog::SayWhatIsSetAside(const absl::Status& damage, const std::string& name) {
  set_aside_ = absl::StrCat("the job's events from ", last_number_ + 1, " on were damaged (",
                            damage.message(), "); what was there is kept in ", name,
                            ", and what the worker still has comes again");
}

void EventLog::Restore() {
  EventIndex::Loaded marks = index_.Load(*reader_);
  if (marks.places.empty()) return;
  places_ = std::move(marks.places);
  // The marked event itself is read again: it may be the last one.
  const EventMark& last = marks.last;
  tracker_ = ProgressTracker(last.summary());
  last_number_ = last.number() - 1;
  last_worker_sequence_ = last.worker_sequence();
  durable_bytes_ = last.offset();
}

absl::Status EventLog::Scan() {
  std::string payload;
  v1::Event event;
  while (true) {
    const int64_t offset = durable_bytes_;
    const absl::Status status = reader_->Read(&durable_bytes_, &payload);
    if (absl::IsOutOfRange(status)) return absl::OkStatus();
    KUR_RETURN_IF_ERROR(status);
    if (!ParseEvent(payload, last_number_ + 1, &event)) {
      durable_bytes_ = offset;
      return absl::DataLossError(
          absl::StrCat(path_, ": event ", last_number_ + 1, " is damaged at offset ", offset));
    }
    RecordDurable(event, offset);
  }
}

void EventLog::RecordDurable(const v1::Event& event, int64_t offset) {
  // Before the event is added: see Restore().
  if (index_.IsDue(offset)) Mark(offset);
  last_number_ = event.number();
  last_worker_sequence_ = std::max(last_worker_sequence_, event.worker_sequence());
  ended_ |= event.has_state_changed() && IsFinal(event.state_changed().state());
  tracker_.Add(event);
  if ((event.number() - 1) % kPlaceStride == 0) places_.push_back({event.number(), offset});
}

void EventLog::Mark(int64_t offset) {
  EventMark mark;
  mark.set_number(last_number_ + 1);
  mark.set_offset(offset);
  mark.set_worker_sequence(last_worker_sequence_);
  *mark.mutable_summary() = tracker_.summary();
  index_.Add(std::move(mark), *reader_);
}

absl::Status EventLog::Append(std::vector<v1::Event> events) {
  if (events.empty()) return absl::OkStatus();
  {
    absl::MutexLock lock(&mutex_);
    KUR_RETURN_IF_ERROR(AppendLocked(&events));
  }
  dispatcher_.Notify(listeners_);
  return absl::OkStatus();
}

absl::Status EventLog::AppendLocked(std::vector<v1::Event>* events) {
  KUR_RETURN_IF_ERROR(failure_);
  KUR_RETURN_IF_ERROR(damage_);
  if (writer_ == nullptr) {
    // Cuts off the rest of an Append() on a full disk.
    KUR_ASSIGN_OR_RETURN(writer_, RecordLogWriter::OpenAt(files_, path_, durable_bytes_));
  }
  int64_t number = last_number_;
  for (v1::Event& event : *events) event.set_number(++number);
  std::vector<int64_t> offsets;
  absl::Status written = WriteAll(*events, &offsets);
  if (!written.ok()) {
    writer_.reset();
    return written;
  }
  const absl::Status synced = writer_->Sync();
  if (!synced.ok()) {
    failure_ = absl::UnavailableError(absl::StrCat("events can no longer be made durable (",
                                                   synced.message(),
                                                   "); check the disk, then restart kurd"));
    return failure_;
  }
  durable_bytes_ = writer_->size();
  for (size_t i = 0; i < events->size(); ++i) RecordDurable((*events)[i], offsets[i]);
  return absl::OkStatus();
}

absl::Status EventLog::WriteAll(const std::vector<v1::Event>& events,
                                std::vector<int64_t>* offsets) {
  for (const v1::Event& event : events) {
    offsets->push_back(writer_->size());
    KUR_RETURN_IF_ERROR(writer_->Append(event.SerializeAsString()));
  }
  return absl::OkStatus();
}

EventCursor EventLog::CursorAt(int64_t number) const {
  EventCursor cursor;
  cursor.number = std::max<int64_t>(number, 1);
  absl::MutexLock lock(&mutex_);
  const auto after = std::upper_bound(
      places_.begin(), places_.end(), cursor.number,
      [](int64_t wanted, const EventPlace& place) { return wanted < place.number; });
  if (after == places_.begin()) return cursor;
  cursor.offset = std::prev(after)->offset;
  cursor.number_at_offset = std::prev(after)->number;
  return cursor;
}

absl::StatusOr<bool> EventLog::Read(EventCursor* cursor, v1::Event* event) const {
  int64_t durable = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (cursor->number > last_number_) {
      KUR_RETURN_IF_ERROR(damage_);
      return false;
    }
    durable = durable_bytes_;
  }
  const absl::Status read = ReadAt(durable, cursor, event);
  if (read.ok()) return true;
  absl::MutexLock lock(&mutex_);
  damage_found_.Update(read);
  const auto after = std::upper_bound(
      places_.begin(), places_.end(), cursor->number,
      [](int64_t number, const EventPlace& place) { return number < place.number; });
  if (!absl::IsDataLoss(read) || after == places_.end()) return read;
  return absl::DataLossError(
      absl::StrCat(read.message(), "; the events from ", after->number, " on may be whole"));
}

absl::Status EventLog::TakeDamageFound() {
  absl::MutexLock lock(&mutex_);
  if (damage_found_.ok() || std::exchange(is_damage_taken_, true)) return absl::OkStatus();
  return damage_found_;
}

absl::Status EventLog::damage() const {
  absl::MutexLock lock(&mutex_);
  return damage_;
}

void EventLog::MarkDamaged(const std::string& what) {
  absl::MutexLock lock(&mutex_);
  damage_.Update(absl::DataLossError(absl::StrCat(path_, ": ", what)));
}

int64_t EventLog::bytes() const {
  absl::MutexLock lock(&mutex_);
  return durable_bytes_;
}

absl::Status EventLog::ReadAt(int64_t durable, EventCursor* cursor, v1::Event* event) const {
  std::string payload;
  absl::Status status;
  while (status.ok() && cursor->offset < durable) {
    status = reader_->Read(&cursor->offset, &payload);
    if (!status.ok() || cursor->number_at_offset++ < cursor->number) continue;
    if (!ParseEvent(payload, cursor->number, event)) break;
    ++cursor->number;
    return absl::OkStatus();
  }
  // The end of the file, where it should have more, is damage too.
  if (!status.ok() && !absl::IsOutOfRange(status)) return status;
  return absl::DataLossError(absl::StrCat(path_, ": event ", cursor->number, " is damaged"));
}

void EventLog::AddListener(std::weak_ptr<EventListener> listener) {
  listeners_->Add(std::move(listener));
}

int64_t EventLog::last_number() const {
  absl::MutexLock lock(&mutex_);
  return last_number_;
}

int64_t EventLog::last_worker_sequence() const {
  absl::MutexLock lock(&mutex_);
  return last_worker_sequence_;
}

bool EventLog::ended() const {
  absl::MutexLock lock(&mutex_);
  return ended_;
}

ProgressTracker EventLog::tracker() const {
  absl::MutexLock lock(&mutex_);
  return tracker_;
}

}  // namespace kur::server
