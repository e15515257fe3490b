#ifndef KUR_SERVER_LAUNCHER_SPAWN_H_
#define KUR_SERVER_LAUNCHER_SPAWN_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/unique_fd.h"
#include "server/confinement/file_rules.h"
#include "server/launcher/worker_environment.h"

namespace kur::server {

// A program to run as a process of its own.
struct SpawnRequest {
  std::string binary;                  // absolute
  std::vector<std::string> arguments;  // after the binary's own name
  Environment environment;             // all of it
  std::string directory = "/";         // where it runs
  std::string log;                     // stdout and stderr are appended to it
  int output = -1;                     // where they go instead; -1: to the log
  std::string input = {};              // what it reads as stdin, from memory; empty: /dev/null
  std::vector<int> processors;         // where it may run; empty: where this process may
  int group = -1;                      // cgroup.procs of its control group; -1: this process's
  // The only files that it may open; absent: all.
  std::optional<std::vector<FileRule>> files;
};

// A child that has been started and is not reaped yet.
struct SpawnedProcess {
  pid_t pid = 0;
  UniqueFd pidfd;
};

// Starts a program that has nothing of this process but its user and limits: it leads its own
// session and process group, reads `input` or /dev/null, has no other open file (but, if it is
// confined, those of kProcessFiles, which it may read), no blocked or ignored signal, and dumps no
// core. Returns once the program is being executed; after an error no process is left. Thread-safe.
absl::StatusOr<SpawnedProcess> Spawn(const SpawnRequest& request);

// Kills the process group that a child leads, and reaps the child.
void KillAndReap(pid_t pid);

}  // namespace kur::server

#endif  // KUR_SERVER_LAUNCHER_SPAWN_H_
