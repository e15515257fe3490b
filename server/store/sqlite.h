#ifndef KUR_SERVER_STORE_SQLITE_H_
#define KUR_SERVER_STORE_SQLITE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace kur::server {

// A prepared statement: bind the parameters in order, then step through the rows. The first error
// of binding is kept and returned by Step(). Not thread-safe; must not outlive its database.
class SqlStatement {
 public:
  SqlStatement& Bind(int64_t value);
  SqlStatement& Bind(absl::string_view text);
  SqlStatement& BindBlob(absl::string_view bytes);
  SqlStatement& BindNull();

  // True: a row is there. False: no more rows.
  absl::StatusOr<bool> Step();
  // For statements without rows: steps to the end.
  absl::Status Run();

  // Columns of the row, from 0. Text and bytes are copied out.
  int64_t Int(int column) const;
  std::string Text(int column) const;
  std::string Blob(int column) const;
  bool IsNull(int column) const;

 private:
  friend class SqlDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit SqlStatement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_parameter_ = 1;
  int bind_error_ = 0;
};

// One connection to a SQLite database, the only place that calls the library. Not thread-safe.
//
// Codes: RESOURCE_EXHAUSTED for a full disk, DATA_LOSS for a damaged file or a failed
// synchronisation, ALREADY_EXISTS for a broken uniqueness, UNAVAILABLE while another program holds
// the database, UNKNOWN otherwise. Messages are for people; what SQLite says goes to the log.
class SqlDatabase {
 public:
  // Opens or creates `path`. `vfs` names another SQLite file layer (tests make it fail); empty: the
  // system's.
  static absl::StatusOr<std::unique_ptr<SqlDatabase>> Open(const std::string& path,
                                                           const std::string& vfs = "");

  // Runs statements that need no parameters.
  absl::Status Execute(const std::string& sql);
  absl::StatusOr<SqlStatement> Prepare(absl::string_view sql);

  bool in_transaction() const;
  // Rows changed by the latest INSERT, UPDATE or DELETE.
  int64_t changes() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit SqlDatabase(sqlite3* database) : database_(database) {}
  std::unique_ptr<sqlite3, Close> database_;
};

// Begins a transaction that may write; rolls it back when destroyed without Commit(). Not
// thread-safe, as its database.
class SqlTransaction {
 public:
  static absl::StatusOr<SqlTransaction> Begin(SqlDatabase& database);
  SqlTransaction(SqlTransaction&& other) noexcept;
  SqlTransaction& operator=(SqlTransaction&&) = delete;
  ~SqlTransaction();

  // Durable when this returns OK.
  absl::Status Commit();

 private:
  explicit SqlTransaction(SqlDatabase* database) : database_(database) {}
  SqlDatabase* database_;  // null once it is over
};

}  // namespace kur::server

#endif  // KUR_SERVER_STORE_SQLITE_H_
