#ifndef KUR_SERVER_JOBS_WORKER_CONNECTION_H_
#define KUR_SERVER_JOBS_WORKER_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "kur/v1/event.pb.h"
#include "kur/v1/worker.pb.h"
#include "server/store/job_store.h"

namespace kur::server {

// The way to a connected worker. Implementations are thread-safe; they neither block nor call back,
// so that a job may call them with its lock held.
class WorkerLink {
 public:
  virtual ~WorkerLink() = default;
  virtual void SendCommand(const v1::Command& command) = 0;
  virtual void Close(const absl::Status& status) = 0;
};

// A job's connection to its worker, if there is one, and what was sent on it. Not thread-safe.
class WorkerConnection {
 public:
  // Closes the connection that there was, with ABORTED.
  void Replace(const std::shared_ptr<WorkerLink>& link);
  // Forgets the connection of a worker that is gone.
  void Drop() { link_.reset(); }

  // Returns ABORTED if `link` was replaced.
  absl::Status CheckIsOver(const WorkerLink* link) const;

  // Lets commands be sent: the worker expects none before it is welcomed.
  void OnWelcomed() { welcomed_ = true; }

  // Sends the job's pending commands, and that it is to end if that is wanted, each once.
  void SendCommands(const JobRecord& job);

 private:
  std::weak_ptr<WorkerLink> link_;
  bool welcomed_ = false;
  bool cancel_sent_ = false;
  int64_t last_sent_ = 0;  // the highest number of a command
};

// Returns whether a worker that says hello is that of the job: NoSuchJob() for a wrong secret,
// PERMISSION_DENIED for another attempt, or a worker of the directory that `run_directory` is a
// copy of (which has the same secret); NOT_FOUND if the job has ended.
absl::Status CheckHello(const v1::Hello& hello, const JobRecord& job,
                        const std::string& run_directory);

// INVALID_ARGUMENT for what no worker may report. Takes time: not to be called under a lock.
absl::Status CheckWorkerEvents(const std::vector<v1::Event>& events);

// Leaves out of `events` those up to `sequence`, which are known. OUT_OF_RANGE unless the others
// follow `sequence` without a gap; but before the first of them may be one if events are known to
// be lost (`may_lack_events`).
absl::Status KeepNewEvents(int64_t sequence, bool may_lack_events, std::vector<v1::Event>& events);

}  // namespace kur::server

#endif  // KUR_SERVER_JOBS_WORKER_CONNECTION_H_
