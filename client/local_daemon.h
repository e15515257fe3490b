#ifndef KUR_CLIENT_LOCAL_DAEMON_H_
#define KUR_CLIENT_LOCAL_DAEMON_H_

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/clock.h"
#include "client/connection.h"
#include "client/environment.h"

namespace kur::client {

// The user's own kurd on this machine: reached by the socket in its state directory, started and
// stopped here. Not thread-safe.
class LocalDaemon {
 public:
  // `state_directory` is absolute; `clock` must outlive the object.
  LocalDaemon(std::string state_directory, Clock& clock)
      : state_directory_(std::move(state_directory)), clock_(clock) {}

  // A connection to it; UNAVAILABLE when it is not running.
  absl::StatusOr<std::unique_ptr<Connection>> Connect() const;

  // What it says of itself; UNAVAILABLE when it is not running.
  absl::StatusOr<v1::ServerInfo> GetInfo() const;

  // Starts the program `kurd` in a session of its own, its output going to STATE_DIR/kurd.log, and
  // waits until it answers. If it ends instead, the error says what it wrote last. `devices` is
  // handed on when it is not empty.
  absl::StatusOr<v1::ServerInfo> Start(const std::string& kurd, const std::string& devices);

  // Asks it to stop and waits until it is gone. Signals only the process that holds the lock of the
  // state directory. NOT_FOUND when no kurd holds it; DEADLINE_EXCEEDED when it is still there
  // after `timeout`.
  absl::Status Stop(absl::Duration timeout);

  std::string log() const;
  std::string socket() const;

 private:
  std::string lock_file() const;
  absl::StatusOr<v1::ServerInfo> WaitUntilServing(pid_t pid, int64_t log_start);
  // The process that holds the lock; NOT_FOUND if none does.
  absl::StatusOr<pid_t> LockHolder() const;

  const std::string state_directory_;
  Clock& clock_;
};

// The program `name` beside kurctl itself or, failing that, in one of the folders of `path` (as in
// $PATH). NOT_FOUND with where it was looked for.
absl::StatusOr<std::string> FindProgram(const std::string& name, const std::string& program_folder,
                                        const std::string& path);

// The state directory that is meant: `chosen`, or the environment's when that is empty. Absolute.
absl::StatusOr<std::string> LocalStateDirectory(const std::string& chosen,
                                                const Environment& environment);

// The folder of the running program.
std::string ProgramFolder();

}  // namespace kur::client

#endif  // KUR_CLIENT_LOCAL_DAEMON_H_
