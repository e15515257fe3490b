#include "server/store/sqlite.h"

#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <cerrno>
#include <utility>

#include "engine/base/status.h"

namespace kur::server {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

absl::StatusCode CodeOf(int extended) {
  switch (extended) {
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
      return absl::StatusCode::kDataLoss;
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
      return absl::StatusCode::kAlreadyExists;
    default:
      break;
  }
  switch (extended & 0xff) {
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kUnavailable;
    // Not PERMISSION_DENIED: it is no matter of the caller's rights.
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return absl::StatusCode::kInternal;
    default:
      return absl::StatusCode::kUnknown;
  }
}

// Says for people what `code` means for the database.
absl::string_view TextOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kResourceExhausted:
      return "the disk with the state directory is full; free some space";
    case absl::StatusCode::kDataLoss:
      return "the database in the state directory is damaged or cannot be synchronized";
    case absl::StatusCode::kUnavailable:
      return "another program holds the database in the state directory";
    case absl::StatusCode::kInternal:
      return "the database in the state directory cannot be written";
    default:
      return "the database in the state directory cannot be used; the log of kurd says why";
  }
}

// What SQLite says, and the statement, are for the log.
absl::Status Error(sqlite3* database, absl::string_view statement) {
  absl::StatusCode code = CodeOf(sqlite3_extended_errcode(database));
  const int error = sqlite3_system_errno(database);
  const bool is_input_output = (sqlite3_errcode(database) & 0xff) == SQLITE_IOERR;
  // The file that readers and writers share as memory cannot grow.
  if (is_input_output && (error == ENOSPC || error == EDQUOT)) {
    code = absl::StatusCode::kResourceExhausted;
  }
  spdlog::error("SQLite: {} ({}, errno {}): {}", sqlite3_errmsg(database),
                sqlite3_extended_errcode(database), error, std::string(statement));
  return absl::Status(code, TextOf(code));
}

}  // namespace

void SqlStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqlStatement& SqlStatement::Bind(int64_t value) {
  bind_error_ |= sqlite3_bind_int64(statement_.get(), next_parameter_++, value);
  return *this;
}

SqlStatement& SqlStatement::Bind(absl::string_view text) {
  bind_error_ |= sqlite3_bind_text64(statement_.get(), next_parameter_++,
                                     text.data() == nullptr ? "" : text.data(), text.size(),
                                     SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

SqlStatement& SqlStatement::BindBlob(absl::string_view bytes) {
  bind_error_ |= sqlite3_bind_blob64(statement_.get(), next_parameter_++,
                                     bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                                     SQLITE_TRANSIENT);
  return *this;
}

SqlStatement& SqlStatement::BindNull() {
  bind_error_ |= sqlite3_bind_null(statement_.get(), next_parameter_++);
  return *this;
}

absl::StatusOr<bool> SqlStatement::Step() {
  sqlite3* database = sqlite3_db_handle(statement_.get());
  if (bind_error_ != SQLITE_OK) return Error(database, "binding a parameter");
  switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return Error(database, sqlite3_sql(statement_.get()));
  }
}

absl::Status SqlStatement::Run() {
  while (true) {
    KUR_ASSIGN_OR_RETURN(const bool row, Step());
    if (!row) return absl::OkStatus();
  }
}

int64_t SqlStatement::Int(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string SqlStatement::Text(int column) const { return Blob(column); }

std::string SqlStatement::Blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (bytes == nullptr) return "";
  return std::string(static_cast<const char*>(bytes), static_cast<size_t>(size));
}

bool SqlStatement::IsNull(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void SqlDatabase::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

absl::StatusOr<std::unique_ptr<SqlDatabase>> SqlDatabase::Open(const std::string& path,
                                                               const std::string& vfs) {
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int result =
      sqlite3_open_v2(path.c_str(), &raw, flags, vfs.empty() ? nullptr : vfs.c_str());
  std::unique_ptr<SqlDatabase> database(new SqlDatabase(raw));
  if (raw == nullptr) return absl::ResourceExhaustedError("no memory for the database");
  if (result != SQLITE_OK) return Error(raw, "opening " + path);
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  return database;
}

absl::Status SqlDatabase::Execute(const std::string& sql) {
  const int result = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  return result == SQLITE_OK ? absl::OkStatus() : Error(database_.get(), sql);
}

absl::StatusOr<SqlStatement> SqlDatabase::Prepare(absl::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                        &statement, nullptr);
  if (result != SQLITE_OK) return Error(database_.get(), sql);
  return SqlStatement(statement);
}

bool SqlDatabase::in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

int64_t SqlDatabase::changes() const { return sqlite3_changes64(database_.get()); }

absl::StatusOr<SqlTransaction> SqlTransaction::Begin(SqlDatabase& database) {
  KUR_RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
  return SqlTransaction(&database);
}

SqlTransaction::SqlTransaction(SqlTransaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

SqlTransaction::~SqlTransaction() {
  // SQLite may have rolled back by itself, for example on a full disk.
  if (database_ != nullptr && database_->in_transaction()) {
    database_->Execute("ROLLBACK").IgnoreError();
  }
}

absl::Status SqlTransaction::Commit() {
  KUR_RETURN_IF_ERROR(database_->Execute("COMMIT"));
  database_ = nullptr;
  return absl::OkStatus();
}

}  // namespace kur::server
