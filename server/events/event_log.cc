#include "server/events/event_log.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "server/protocol/job_state.h"

namespace kur::server {
absl::StatusOr<std::shared_ptr<EventLog>> EventLog::Open(
    FileSystem& files, const std::string& path, EventDispatcher& dispatcher,
    const std::function<void(const v1::Event&)>& visit) {
  std::shared_ptr<EventLog> log(new EventLog(files, path, dispatcher));
  const bool is_new = !files.Exists(path);
  KUR_ASSIGN_OR_RETURN(auto writer, RecordLogWriter::Open(files, path));
  if (is_new) KUR_RETURN_IF_ERROR(files.SyncDirectory(DirectoryOf(path)));
  KUR_ASSIGN_OR_RETURN(log->reader_, RecordLogReader::Open(files, path));
  KUR_RETURN_IF_ERROR(log->Scan(visit));
  absl::MutexLock lock(&log->mutex_);
  log->writer_ = std::move(writer);
  return log;
}

absl::Status EventLog::Scan(const std::function<void(const v1::Event&)>& visit) {
  absl::MutexLock lock(&mutex_);
  std::string payload;
  v1::Event event;
  while (true) {
    const int64_t offset = durable_bytes_;
    const absl::Status status = reader_->Read(&durable_bytes_, &payload);
    if (absl::IsOutOfRange(status)) return absl::OkStatus();
    KUR_RETURN_IF_ERROR(status);
    if (!event.ParseFromString(payload) || event.number() != last_number_ + 1) {
      return absl::DataLossError(
          absl::StrCat(path_, ": event ", last_number_ + 1, " is damaged at offset ", offset));
    }
    RecordDurable(event, offset);
    if (visit) visit(event);
  }
}

void EventLog::RecordDurable(const v1::Event& event, int64_t offset) {
  last_number_ = event.number();
  last_worker_sequence_ = std::max(last_worker_sequence_, event.worker_sequence());
  ended_ |= event.has_state_changed() && IsFinal(event.state_changed().state());
  if ((event.number() - 1) % kIndexStride == 0) index_.push_back(offset);
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
  if (index_.empty()) return cursor;
  const int64_t entry = std::min<int64_t>((cursor.number - 1) / kIndexStride,
                                          static_cast<int64_t>(index_.size()) - 1);
  cursor.offset = index_[static_cast<size_t>(entry)];
  cursor.number_at_offset = 1 + entry * kIndexStride;
  return cursor;
}

absl::StatusOr<bool> EventLog::Read(EventCursor* cursor, v1::Event* event) const {
  int64_t durable = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (cursor->number > last_number_) return false;
    durable = durable_bytes_;
  }
  std::string payload;
  while (cursor->offset < durable) {
    KUR_RETURN_IF_ERROR(reader_->Read(&cursor->offset, &payload));
    if (cursor->number_at_offset++ < cursor->number) continue;
    ++cursor->number;
    if (event->ParseFromString(payload)) return true;
    return absl::DataLossError(
        absl::StrCat(path_, ": event ", cursor->number_at_offset - 1, " is damaged"));
  }
  return absl::DataLossError(absl::StrCat(path_, ": event ", cursor->number, " is missing"));
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

}  // namespace kur::server
