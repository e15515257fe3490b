#include "server/store/sqlite.h"

#include <sqlite3.h>

#include <utility>

#include "absl/strings/str_cat.h"
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
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return absl::StatusCode::kPermissionDenied;
    default:
      return absl::StatusCode::kUnknown;
  }
}

absl::Status Error(sqlite3* database, absl::string_view doing) {
  return absl::Status(CodeOf(sqlite3_extended_errcode(database)),
                      absl::StrCat("database: ", doing, ": ", sqlite3_errmsg(database)));
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
  if (result != SQLITE_OK) return Error(raw, absl::StrCat("opening ", path));
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

int64_t SqlDatabase::changes() const { return sqlite3_changes64(database_.get()); }

absl::StatusOr<SqlTransaction> SqlTransaction::Begin(SqlDatabase& database) {
  KUR_RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
  return SqlTransaction(&database);
}

SqlTransaction::SqlTransaction(SqlTransaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

SqlTransaction::~SqlTransaction() {
  // SQLite may have rolled back by itself, for example on a full disk.
  if (database_ != nullptr) database_->Execute("ROLLBACK").IgnoreError();
}

absl::Status SqlTransaction::Commit() {
  KUR_RETURN_IF_ERROR(database_->Execute("COMMIT"));
  database_ = nullptr;
  return absl::OkStatus();
}

}  // namespace kur::server
