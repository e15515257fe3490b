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

// Starts, stops and reaches the user's own kurd on this machine through its state directory. Not
// thread-safe.
class LocalDaemon {
 public:
  // `state_directory` is absolute; `clock` must outlive the object.
  LocalDaemon(std::string state_directory, Clock& clock)
      : state_directory_(std::move(state_directory)), clock_(clock) {}

  // Connects to the daemon. Returns UNAVAILABLE if it is not running.
  absl::StatusOr<std::unique_ptr<Connection>> Connect() const;

  // Asks the daemon for its information. Returns UNAVAILABLE if it is not running.
  absl::StatusOr<v1::ServerInfo> GetInfo() const;

  // Starts the program `kurd` in a session of its own with its output in STATE_DIR/kurd.log, and
  // waits until the daemon answers. Passes `devices` on as --devices and
  // `secrets_key` as --secrets-key unless empty. If the daemon
  // exits instead, the error quotes the end of its log.
  absl::StatusOr<v1::ServerInfo> Start(const std::string& kurd, const std::string& devices,
                                       const std::string& secrets_key);

  // Sends SIGTERM to the process that holds the lock of the state directory, and to no other. Waits
  // until the process has ended. Returns NOT_FOUND if no kurd holds the lock, DEADLINE_EXCEEDED if
  // the process still runs after `timeout`.
  absl::Status Stop(absl::Duration timeout);

  std::string log() const;
  std::string socket() const;

 private:
  std::string lock_file() const;
  absl::StatusOr<v1::ServerInfo> WaitUntilServing(pid_t pid, int64_t log_start);
  // Returns the process that holds the lock, or NOT_FOUND.
  absl::StatusOr<pid_t> LockHolder() const;

  const std::string state_directory_;
  Clock& clock_;
};

// Finds the program `name` in `program_folder` or else in one of the folders of `path`, which is
// written like $PATH. Returns NOT_FOUND with the places that were searched.
absl::StatusOr<std::string> FindProgram(const std::string& name, const std::string& program_folder,
                                        const std::string& path);

// Returns `chosen` or, if that is empty, the state directory of the environment, as an absolute
// path.
absl::StatusOr<std::string> LocalStateDirectory(const std::string& chosen,
                                                const Environment& environment);

// Returns the folder of the running program.
std::string ProgramFolder();

}  // namespace kur::client

#endif  // KUR_CLIENT_LOCAL_DAEMON_H_
