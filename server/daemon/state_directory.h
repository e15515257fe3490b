#ifndef KUR_SERVER_DAEMON_STATE_DIRECTORY_H_
#define KUR_SERVER_DAEMON_STATE_DIRECTORY_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "engine/base/file_system.h"
#include "engine/base/unique_fd.h"
#include "server/protocol/state_layout.h"

namespace kur::server {

// The state directory, locked by this process for the lifetime of the object. Movable. Not
// thread-safe but for layout().
class StateDirectory {
 public:
  // Creates the directory if it does not exist, removes the permissions of other users, and locks
  // it. Makes everything durable that an earlier kurd has written. Returns FAILED_PRECONDITION with
  // the process id of the kurd that holds the lock.
  static absl::StatusOr<StateDirectory> Lock(const std::string& path,
                                             FileSystem& files = FileSystem::Posix());

  const StateLayout& layout() const { return layout_; }

 private:
  StateDirectory(StateLayout layout, UniqueFd lock)
      : layout_(std::move(layout)), lock_(std::move(lock)) {}

  StateLayout layout_;
  UniqueFd lock_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_DAEMON_STATE_DIRECTORY_H_
