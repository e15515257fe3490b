#include "server/store/state_database.h"

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "server/store/schema.h"

namespace kur::server {

StateDatabase::StateDatabase(const std::string& reserve_path) {
  if (!reserve_path.empty()) reserve_.emplace(reserve_path);
}

absl::StatusOr<std::unique_ptr<StateDatabase>> StateDatabase::Open(
    const std::string& path, const std::string& vfs, const std::string& reserve_path) {
  std::unique_ptr<StateDatabase> database(new StateDatabase(reserve_path));
  absl::Status connected = database->Connect(path, vfs);
  while (absl::IsResourceExhausted(connected) && database->GiveUpReserve()) {
    connected = database->Connect(path, vfs);
  }
  KUR_RETURN_IF_ERROR(connected);
  return database;
}

absl::Status StateDatabase::Connect(const std::string& path, const std::string& vfs) {
  KUR_ASSIGN_OR_RETURN(auto writer, SqlDatabase::Open(path, vfs));
  // Before anything that writes, so that the database of a newer kurd stays untouched.
  KUR_RETURN_IF_ERROR(MigrateSchema(*writer));
  KUR_RETURN_IF_ERROR(writer->Execute("PRAGMA journal_mode = WAL"));
  KUR_RETURN_IF_ERROR(writer->Execute("PRAGMA synchronous = FULL"));
  KUR_RETURN_IF_ERROR(writer->Execute("PRAGMA foreign_keys = ON"));
  KUR_ASSIGN_OR_RETURN(auto reader, SqlDatabase::Open(path, vfs));
  KUR_RETURN_IF_ERROR(reader->Execute("PRAGMA query_only = ON"));
  absl::MutexLock lock(&mutex_);
  absl::MutexLock reader_lock(&reader_mutex_);
  writer_ = std::move(writer);
  reader_ = std::move(reader);
  return absl::OkStatus();
}

absl::Status StateDatabase::Write(absl::FunctionRef<absl::Status(SqlDatabase&)> write) {
  PendingWrite own = {write, absl::OkStatus()};
  std::vector<PendingWrite*> writes;
  {
    absl::MutexLock lock(&queue_mutex_);
    queue_.push_back(&own);
    const auto is_over_or_next = [this, &own]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(queue_mutex_) {
      return own.done || !committing_;
    };
    queue_mutex_.Await(absl::Condition(&is_over_or_next));
    if (own.done) return own.status;
    committing_ = true;
    writes.swap(queue_);
  }
  {
    absl::MutexLock lock(&mutex_);
    CommitAll(writes);
  }
  absl::MutexLock lock(&queue_mutex_);
  for (PendingWrite* pending : writes) pending->done = true;
  committing_ = false;
  return own.status;
}

void StateDatabase::CommitAll(const std::vector<PendingWrite*>& writes) {
  const bool together = failure_.ok() && writes.size() > 1 && CommitTogether(writes);
  if (!together) {
    for (PendingWrite* pending : writes) pending->status = CommitAlone(pending->write);
  }
  if (writes.back()->status.ok() && reserve_.has_value()) reserve_->Refill();
}

bool StateDatabase::CommitTogether(const std::vector<PendingWrite*>& writes) {
  auto transaction = SqlTransaction::Begin(*writer_);
  if (!transaction.ok()) return false;
  for (PendingWrite* pending : writes) {
    if (!writer_->Execute("SAVEPOINT pending").ok()) return false;
    pending->status = pending->write(*writer_);
    // These are of the database, which may have rolled back everything.
    if (absl::IsResourceExhausted(pending->status) || absl::IsDataLoss(pending->status)) {
      return false;
    }
    if (!pending->status.ok() && !writer_->Execute("ROLLBACK TO pending").ok()) return false;
    if (!writer_->Execute("RELEASE pending").ok()) return false;
  }
  const absl::Status committed = NoteLoss(transaction->Commit());
  if (failure_.ok()) return committed.ok();
  // A second try could succeed although the kernel has dropped what was written.
  for (PendingWrite* pending : writes) pending->status = failure_;
  return true;
}

absl::Status StateDatabase::CommitAlone(absl::FunctionRef<absl::Status(SqlDatabase&)> write) {
  KUR_RETURN_IF_ERROR(failure_);
  const auto commit = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) -> absl::Status {
    KUR_ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::Begin(*writer_));
    KUR_RETURN_IF_ERROR(write(*writer_));
    return transaction.Commit();
  };
  return NoteLoss(commit());
}

absl::Status StateDatabase::NoteLoss(absl::Status status) {
  if (!absl::IsDataLoss(status)) return status;
  failure_ = absl::UnavailableError(
      absl::StrCat("the state directory can no longer be written safely (", status.message(),
                   "); check the disk, then restart kurd"));
  return failure_;
}

absl::Status StateDatabase::WriteFromReserve(absl::FunctionRef<absl::Status(SqlDatabase&)> write) {
  absl::Status written = Write(write);
  while (absl::IsResourceExhausted(written) && GiveUpReserve()) written = Write(write);
  return written;
}

bool StateDatabase::GiveUpReserve() {
  absl::MutexLock lock(&mutex_);
  return reserve_.has_value() && reserve_->GiveUpPiece();
}

void StateDatabase::Refuse(const absl::Status& reason) {
  absl::MutexLock lock(&mutex_);
  if (failure_.ok()) failure_ = absl::UnavailableError(reason.message());
}

absl::Status StateDatabase::health() const {
  absl::MutexLock lock(&mutex_);
  return failure_;
}

}  // namespace kur::server
