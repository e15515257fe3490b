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
  absl::MutexLock lock(&mutex_);
  KUR_RETURN_IF_ERROR(failure_);
  absl::Status status = WriteTransaction(write);
  if (status.ok() && reserve_.has_value()) reserve_->Refill();
  if (absl::IsDataLoss(status)) {
    failure_ = absl::UnavailableError(
        absl::StrCat("the state directory can no longer be written safely (", status.message(),
                     "); check the disk, then restart kurd"));
    return failure_;
  }
  return status;
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

absl::Status StateDatabase::WriteTransaction(absl::FunctionRef<absl::Status(SqlDatabase&)> write) {
  KUR_ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::Begin(*writer_));
  KUR_RETURN_IF_ERROR(write(*writer_));
  return transaction.Commit();
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
