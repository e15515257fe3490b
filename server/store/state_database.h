#ifndef KUR_SERVER_STORE_STATE_DATABASE_H_
#define KUR_SERVER_STORE_STATE_DATABASE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/store/disk_reserve.h"
#include "server/store/sqlite.h"

namespace kur::server {

// The database of the state directory (SQLite: WAL, full synchronization), which the stores share:
// what Write() has done when it returns OK survives a loss of power. Thread-safe: one writes at a
// time, those who wait meanwhile are committed together, and readers, on a connection of their own,
// wait for no writer.
//
// When a synchronization fails, the kernel may have dropped what was written: from then on every
// write answers UNAVAILABLE with the reason, until kurd is started again and reads what is there.
// A full disk is RESOURCE_EXHAUSTED, and the call can be repeated.
class StateDatabase {
 public:
  // Opens or creates the database and upgrades older ones. FAILED_PRECONDITION for a newer one.
  // `vfs`: see SqlDatabase::Open(). `reserve_path`: see DiskReserve; empty: no reserve.
  static absl::StatusOr<std::unique_ptr<StateDatabase>> Open(const std::string& path,
                                                             const std::string& vfs = "",
                                                             const std::string& reserve_path = "");

  // Runs `write` in one transaction: commits it if `write` returns OK, else rolls it back. Another
  // thread may run it, and run it twice, while this one waits.
  absl::Status Write(absl::FunctionRef<absl::Status(SqlDatabase&)> write);
  // As Write(), but uses the reserve if the disk is full: for what lets jobs end. May run `write`
  // several times.
  absl::Status WriteFromReserve(absl::FunctionRef<absl::Status(SqlDatabase&)> write);

  // Frees a piece of the reserve, for others who must write when the disk is full. Writing to the
  // database takes it again when there is space. Returns false if there is nothing to free.
  bool GiveUpReserve();

  // Returns what `read` returns of what has been committed.
  template <class Work>
  auto Read(Work read) -> decltype(read(std::declval<SqlDatabase&>())) {
    absl::MutexLock lock(&reader_mutex_);
    return read(*reader_);
  }

  // Refuses every write from now on: a synchronization failed elsewhere in the state directory.
  void Refuse(const absl::Status& reason);

  // Returns OK, or why nothing can be written any more.
  absl::Status health() const;

 private:
  explicit StateDatabase(const std::string& reserve_path);

  absl::Status Connect(const std::string& path, const std::string& vfs);

  // A call of Write() that waits.
  struct PendingWrite {
    absl::FunctionRef<absl::Status(SqlDatabase&)> write;
    absl::Status status;
    bool done = false;
  };

  // Settles the status of every write.
  void CommitAll(const std::vector<PendingWrite*>& writes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Commits the writes in one transaction. Returns false, and has done nothing, if an error could
  // be another's fault than that of the write which met it.
  bool CommitTogether(const std::vector<PendingWrite*>& writes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CommitAlone(absl::FunctionRef<absl::Status(SqlDatabase&)> write)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns `status`, or UNAVAILABLE, as from now on, if it tells of a failed synchronization.
  absl::Status NoteLoss(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The writes that wait for the thread that commits: it takes them all when it is done.
  absl::Mutex queue_mutex_;
  std::vector<PendingWrite*> queue_ ABSL_GUARDED_BY(queue_mutex_);
  bool committing_ ABSL_GUARDED_BY(queue_mutex_) = false;

  mutable absl::Mutex mutex_;
  std::optional<DiskReserve> reserve_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<SqlDatabase> writer_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  // Locked after `mutex_`, if both.
  absl::Mutex reader_mutex_ ABSL_ACQUIRED_AFTER(mutex_);
  std::unique_ptr<SqlDatabase> reader_ ABSL_GUARDED_BY(reader_mutex_);
};

}  // namespace kur::server

#endif  // KUR_SERVER_STORE_STATE_DATABASE_H_
