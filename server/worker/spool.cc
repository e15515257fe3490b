#include "server/worker/spool.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "server/protocol/spooled_events.h"
#include "server/worker/event_conversions.h"

namespace kur::worker {
namespace {

// A file is begun anew when it has this much that is acknowledged.
constexpr int64_t kShrinkBytes = 8 << 20;
// What is read at once has no more than this and one event: a message may have 24 MiB.
constexpr size_t kMostReadBytes = 4 << 20;
// Higher numbers are of nobody who counts.
constexpr int64_t kMostSequence = int64_t{1} << 62;

// Reads a record; false if it is no event that a worker has numbered.
bool ParseEvent(const std::string& record, v1::Event* event) {
  return event->ParseFromString(record) && event->worker_sequence() > 0 &&
         event->worker_sequence() <= kMostSequence;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Spool>> Spool::Open(FileSystem& files, const std::string& path,
                                                   int64_t acknowledged) {
  std::unique_ptr<Spool> spool(new Spool(files, path));
  const absl::MutexLock lock(&spool->mutex_);
  // Of a worker that was killed meanwhile.
  files.Remove(spool->FreshPath()).IgnoreError();
  std::string damage;
  KUR_ASSIGN_OR_RETURN(const int64_t size, spool->FindGoodPart(&damage));
  KUR_RETURN_IF_ERROR(spool->OpenFile(size));
  int64_t offset = 0;
  std::string record;
  v1::Event event;
  while (spool->reader_->Read(&offset, &record).ok()) {
    if (!ParseEvent(record, &event)) continue;
    spool->last_ = event.worker_sequence();
    spool->last_command_done_ = std::max(spool->last_command_done_, event.command_done().id());
  }
  spool->acknowledged_ = acknowledged;
  spool->last_ = std::max(spool->last_, acknowledged);
  if (damage.empty()) return spool;
  v1::Event warning;
  warning.mutable_log_line()->set_level(v1::LogLine::LEVEL_WARNING);
  warning.mutable_log_line()->set_text(damage);
  KUR_RETURN_IF_ERROR(spool->AppendLocked(std::move(warning)));
  return spool;
}

absl::StatusOr<int64_t> Spool::FindGoodPart(std::string* warning) const {
  int64_t good = 0;
  auto valid = ValidRecordLogSize(files_, path_, &good);
  if (!absl::IsDataLoss(valid.status())) return valid;
  KUR_ASSIGN_OR_RETURN(const std::string aside, SetAsideDamage(files_, path_, good));
  *warning = absl::StrCat("events that the server may not have got are lost (",
                          valid.status().message(), "); what was there is kept in ", aside);
  return good;
}

absl::Status Spool::OpenFile(int64_t size) {
  KUR_ASSIGN_OR_RETURN(writer_, RecordLogWriter::OpenAt(files_, path_, size));
  KUR_ASSIGN_OR_RETURN(reader_, RecordLogReader::Open(files_, path_));
  read_ = 0;
  offset_ = 0;
  kept_ = 0;
  shrink_at_ = kShrinkBytes;
  is_name_durable_ = false;
  return absl::OkStatus();
}

absl::Status Spool::Append(v1::Event event) {
  const absl::MutexLock lock(&mutex_);
  return AppendLocked(std::move(event));
}

absl::Status Spool::AppendLocked(v1::Event event) {
  KUR_RETURN_IF_ERROR(status_);
  event.set_worker_sequence(last_ + 1);
  if (!event.has_time()) {
    *event.mutable_time() = CurrentTimestamp();
  }
  // Not synchronized: Sync() is called before what the run goes on from is written, so that a loss
  // of power takes only what is going to happen again.
  const std::string record = event.SerializeAsString();
  status_ = record.size() > server::kMaxEventBytes
                ? absl::InvalidArgumentError(absl::StrCat("an event of ", record.size(),
                                                          " bytes is more than the server takes"))
                : writer_->Append(record);
  KUR_RETURN_IF_ERROR(status_);
  appended_bytes_ += static_cast<int64_t>(record.size());
  ++last_;
  changed_.NotifyAll();
  return absl::OkStatus();
}

absl::Status Spool::Sync() {
  const absl::MutexLock lock(&mutex_);
  KUR_RETURN_IF_ERROR(status_);
  status_ = writer_->Sync();
  if (status_.ok() && !is_name_durable_) status_ = files_.SyncDirectory(DirectoryOf(path_));
  is_name_durable_ = status_.ok();
  return status_;
}

int64_t Spool::last_sequence() const {
  const absl::MutexLock lock(&mutex_);
  return last_;
}

int64_t Spool::appended_bytes() const {
  const absl::MutexLock lock(&mutex_);
  return appended_bytes_;
}

int64_t Spool::last_command_done() const {
  const absl::MutexLock lock(&mutex_);
  return last_command_done_;
}

std::vector<v1::Event> Spool::Read(int64_t after, int most, absl::Duration timeout) {
  const absl::MutexLock lock(&mutex_);
  const auto ready = [this, after]()
                         ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return closed_ || last_ > after; };
  changed_.Await(&mutex_, absl::Condition(&ready), timeout);
  std::vector<v1::Event> events;
  if (after < read_) {
    read_ = 0;
    offset_ = 0;
  }
  std::string record;
  size_t bytes = 0;
  while (static_cast<int>(events.size()) < most && bytes < kMostReadBytes &&
         reader_->Read(&offset_, &record).ok()) {
    v1::Event event;
    if (!ParseEvent(record, &event)) continue;
    read_ = event.worker_sequence();
    if (read_ <= after) continue;
    bytes += record.size();
    events.push_back(std::move(event));
  }
  return events;
}

void Spool::Acknowledge(int64_t sequence) {
  const absl::MutexLock lock(&mutex_);
  acknowledged_ = std::max(acknowledged_, sequence);
  last_ = std::max(last_, acknowledged_);
  changed_.NotifyAll();
  if (!status_.ok()) return;
  SkipAcknowledged();
  if (ShouldShrink()) Shrink();
}

void Spool::SkipAcknowledged() {
  int64_t begin = kept_;
  int64_t end = kept_;
  std::string record;
  v1::Event event;
  while (reader_->Read(&end, &record).ok()) {
    if (ParseEvent(record, &event) && event.worker_sequence() > acknowledged_) return;
    kept_ = begin;
    begin = end;
  }
}

bool Spool::ShouldShrink() const {
  // What is copied is never more than what goes, also where kurd was away and has much to catch up.
  return kept_ >= shrink_at_ && kept_ >= writer_->size() - kept_;
}

void Spool::Shrink() {
  const std::string fresh = FreshPath();
  const auto written = WriteRest(fresh);
  if (written.ok() && files_.Rename(fresh, path_).ok()) {
    status_ = OpenFile(*written);
    return;
  }
  // As on a full disk. The old file is as good.
  files_.Remove(fresh).IgnoreError();
  shrink_at_ = kept_ + kShrinkBytes;
}

absl::StatusOr<int64_t> Spool::WriteRest(const std::string& path) const {
  KUR_ASSIGN_OR_RETURN(const auto writer, RecordLogWriter::OpenAt(files_, path, 0));
  int64_t offset = kept_;
  std::string record;
  while (offset < writer_->size()) {
    KUR_RETURN_IF_ERROR(reader_->Read(&offset, &record));
    KUR_RETURN_IF_ERROR(writer->Append(record));
  }
  // It takes the place of a file that was synchronized, perhaps.
  KUR_RETURN_IF_ERROR(writer->Sync());
  return writer->size();
}

int64_t Spool::acknowledged() const {
  const absl::MutexLock lock(&mutex_);
  return acknowledged_;
}

bool Spool::AwaitAcknowledged(absl::Duration timeout) {
  const absl::MutexLock lock(&mutex_);
  const auto done = [this]()
                        ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return acknowledged_ >= last_; };
  return changed_.Await(&mutex_, absl::Condition(&done), timeout);
}

void Spool::Close() {
  const absl::MutexLock lock(&mutex_);
  closed_ = true;
  changed_.NotifyAll();
}

}  // namespace kur::worker
