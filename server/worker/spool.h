#ifndef KUR_SERVER_WORKER_SPOOL_H_
#define KUR_SERVER_WORKER_SPOOL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/base/record_log.h"
#include "engine/base/timed_condition.h"
#include "kur/v1/event.pb.h"

namespace kur::worker {

// The worker's events that kurd may not have yet, in a file, so that neither the end of this
// process nor a kurd that is away loses one, and memory does not grow. Numbers events from 1
// without gaps, across restarts of the worker. Thread-safe: one thread appends, another reads and
// acknowledges.
class Spool {
 public:
  // Opens or creates the file and goes on counting where it ends, or at `acknowledged` if a loss of
  // power has taken the end of the file. Damage is set aside, with all that follows it, and an
  // event says so.
  static absl::StatusOr<std::unique_ptr<Spool>> Open(FileSystem& files, const std::string& path,
                                                     int64_t acknowledged = 0);

  // Numbers the event (worker_sequence), stamps the time if it has none, and writes it. After an
  // error every later call fails with it: INVALID_ARGUMENT for more than kMaxEventBytes.
  absl::Status Append(v1::Event event);

  // Makes everything that was appended survive a loss of power.
  absl::Status Sync();

  // Returns the number of the last event; 0: none.
  int64_t last_sequence() const;

  // Returns the highest id of the commands that events in the file acknowledged when it was opened,
  // whether kurd has these events or not; 0: none.
  int64_t last_command_done() const;

  // Returns the bytes of all events that were appended since the file was opened.
  int64_t appended_bytes() const;

  // Returns the next events after number `after`, at most `most`, and fewer where they are large.
  // Blocks up to `timeout` until one comes; empty if none came, or after Close().
  std::vector<v1::Event> Read(int64_t after, int most, absl::Duration timeout);

  // Notes that everything up to `sequence` is durable elsewhere. Counting goes on above it even if
  // the file knew less. Begins the file anew with the rest once enough of it is acknowledged.
  void Acknowledge(int64_t sequence);
  int64_t acknowledged() const;

  // Blocks until everything that was appended is acknowledged; false if `timeout` passed first.
  bool AwaitAcknowledged(absl::Duration timeout);

  // Ends Read() calls that wait.
  void Close();

 private:
  Spool(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  // Where the file is written that takes the place of this one.
  std::string FreshPath() const { return path_ + ".new"; }

  // Opens the file, whose first `size` bytes are whole records.
  absl::Status OpenFile(int64_t size) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns how much of the file is whole records. Where damage follows, it is set aside, and
  // `*warning` says so.
  absl::StatusOr<int64_t> FindGoodPart(std::string* warning) const;
  absl::Status AppendLocked(v1::Event event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Moves `kept_` past what is acknowledged.
  void SkipAcknowledged() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ShouldShrink() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Shrink() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Writes a file with what a shorter spool holds, and returns its size.
  absl::StatusOr<int64_t> WriteRest(const std::string& path) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  FileSystem& files_;
  const std::string path_;

  mutable absl::Mutex mutex_;
  TimedCondition changed_;  // an event or an acknowledgement has come, or the end
  std::unique_ptr<RecordLogWriter> writer_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<RecordLogReader> reader_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  int64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t appended_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t acknowledged_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t last_command_done_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  // The directory has been synchronized since the file was opened or begun anew.
  bool is_name_durable_ ABSL_GUARDED_BY(mutex_) = false;
  // Where the reader stands: the record at `offset` holds the first event with a number above
  // `read`.
  int64_t read_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t offset_ ABSL_GUARDED_BY(mutex_) = 0;
  // Where the last event lies that is acknowledged; what follows is still needed. The event itself
  // is kept, too, so that counting goes on from it.
  int64_t kept_ ABSL_GUARDED_BY(mutex_) = 0;
  // The file is begun anew once `kept_` is beyond this.
  int64_t shrink_at_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_SPOOL_H_
