#ifndef KUR_SERVER_STORE_SCHEMA_H_
#define KUR_SERVER_STORE_SCHEMA_H_

#include "absl/status/status.h"
#include "server/store/sqlite.h"

namespace kur::server {

// The version of the tables that this program reads and writes (`PRAGMA user_version`).
int CurrentSchemaVersion();

// Brings an empty or older database to the current version, one committed step after another. A
// database of a newer kurd is FAILED_PRECONDITION and stays untouched.
absl::Status MigrateSchema(SqlDatabase& database);

}  // namespace kur::server

#endif  // KUR_SERVER_STORE_SCHEMA_H_
