#include "server/store/schema.h"

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

// Step i brings version i to version i + 1. A released step is never changed.
constexpr const char* kSteps[] = {
    // Times are microseconds since 1970. `state` is numbered as in kur.v1. `devices` is
    // joined by commas. AUTOINCREMENT: an id is never used again.
    R"sql(
    CREATE TABLE jobs (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      owner TEXT NOT NULL,
      project TEXT NOT NULL,
      request_id TEXT NOT NULL,
      state INTEGER NOT NULL,
      reason TEXT NOT NULL DEFAULT '',
      submitted_at INTEGER NOT NULL,
      started_at INTEGER,
      finished_at INTEGER,
      attempts INTEGER NOT NULL DEFAULT 0,
      cancel_requested INTEGER NOT NULL DEFAULT 0,
      devices TEXT NOT NULL DEFAULT '',
      worker_pid INTEGER NOT NULL DEFAULT 0,
      worker_start_ticks INTEGER NOT NULL DEFAULT 0,
      worker_boot_id TEXT NOT NULL DEFAULT '',
      progress BLOB,
      frozen BLOB NOT NULL,
      UNIQUE (owner, request_id)
    );
    CREATE INDEX jobs_by_owner ON jobs (owner, id);
    CREATE INDEX jobs_by_owner_and_name ON jobs (owner, name);
    CREATE INDEX jobs_by_state ON jobs (state);
    CREATE TABLE sources (
      job_id INTEGER NOT NULL REFERENCES jobs (id),
      path TEXT NOT NULL,
      content BLOB NOT NULL,
      PRIMARY KEY (job_id, path)
    ) WITHOUT ROWID;
    CREATE TABLE artifacts (
      job_id INTEGER NOT NULL REFERENCES jobs (id),
      path TEXT NOT NULL,
      kind INTEGER NOT NULL,
      size INTEGER NOT NULL,
      sha256 TEXT NOT NULL,
      written_at INTEGER NOT NULL,
      description TEXT NOT NULL,
      epoch INTEGER NOT NULL,
      batch INTEGER NOT NULL,
      PRIMARY KEY (job_id, path)
    ) WITHOUT ROWID;
    CREATE TABLE name_counters (
      base TEXT PRIMARY KEY,
      last INTEGER NOT NULL
    ) WITHOUT ROWID;
    )sql",
    // `worker` is a WorkerHandle. `desired_state` is numbered as kur.server.DesiredState;
    // `commands` is a kur.server.PendingCommands.
    R"sql(
    ALTER TABLE jobs ADD COLUMN worker TEXT NOT NULL DEFAULT '';
    UPDATE jobs SET worker = worker_pid || ' ' || worker_start_ticks || ' ' || worker_boot_id
      WHERE worker_pid != 0;
    ALTER TABLE jobs DROP COLUMN worker_pid;
    ALTER TABLE jobs DROP COLUMN worker_start_ticks;
    ALTER TABLE jobs DROP COLUMN worker_boot_id;
    ALTER TABLE jobs ADD COLUMN desired_state INTEGER NOT NULL DEFAULT 1;
    UPDATE jobs SET desired_state = 2 WHERE cancel_requested != 0;
    ALTER TABLE jobs DROP COLUMN cancel_requested;
    ALTER TABLE jobs ADD COLUMN commands BLOB NOT NULL DEFAULT x'';
    )sql",
    // The number in the name of a new job is its id.
    "DROP TABLE name_counters;",
    // `history` is a kur.server.RunHistory.
    R"sql(
    ALTER TABLE jobs ADD COLUMN history BLOB NOT NULL DEFAULT x'';
    )sql",
    // `sealed` is encrypted with the key of that id (see SealingKey).
    R"sql(
    CREATE TABLE secrets (
      owner TEXT NOT NULL,
      name TEXT NOT NULL,
      sealed BLOB NOT NULL,
      key_id TEXT NOT NULL,
      set_at INTEGER NOT NULL,
      used_at INTEGER,
      used_by TEXT NOT NULL DEFAULT '',
      PRIMARY KEY (owner, name)
    ) WITHOUT ROWID;
    )sql",
};

constexpr int kVersion = sizeof(kSteps) / sizeof(kSteps[0]);

absl::StatusOr<int64_t> StoredVersion(SqlDatabase& database) {
  KUR_ASSIGN_OR_RETURN(SqlStatement query, database.Prepare("PRAGMA user_version"));
  KUR_ASSIGN_OR_RETURN(const bool row, query.Step());
  return row ? query.Int(0) : 0;
}

}  // namespace

int CurrentSchemaVersion() { return kVersion; }

absl::Status MigrateSchema(SqlDatabase& database) {
  KUR_ASSIGN_OR_RETURN(const int64_t found, StoredVersion(database));
  if (found > kVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("the database has schema version ", found, ", but this kurd knows only up to ",
                     kVersion, ": it was written by a newer kurd; run that one"));
  }
  for (int64_t version = found; version < kVersion; ++version) {
    KUR_ASSIGN_OR_RETURN(SqlTransaction transaction, SqlTransaction::Begin(database));
    KUR_RETURN_IF_ERROR(database.Execute(kSteps[version]));
    KUR_RETURN_IF_ERROR(database.Execute(absl::StrCat("PRAGMA user_version = ", version + 1)));
    KUR_RETURN_IF_ERROR(transaction.Commit());
  }
  return absl::OkStatus();
}

}  // namespace kur::server
