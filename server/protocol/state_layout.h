#ifndef KUR_SERVER_PROTOCOL_STATE_LAYOUT_H_
#define KUR_SERVER_PROTOCOL_STATE_LAYOUT_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "engine/base/file_system.h"

namespace kur::server {

// The paths below the state directory. Immutable, thread-safe. An owner is the valid name of a
// user, which is safe as a part of a path.
class StateLayout {
 public:
  // `root` is absolute.
  explicit StateLayout(std::string root) : root_(std::move(root)) {}

  const std::string& root() const { return root_; }
  std::string lock_file() const { return root_ + "/kurd.lock"; }
  std::string database() const { return root_ + "/kurd.db"; }
  std::string reserve() const { return root_ + "/reserve"; }
  std::string blobs() const { return root_ + "/blobs"; }
  std::string client_socket() const { return root_ + "/kurd.sock"; }
  std::string worker_socket() const { return root_ + "/worker.sock"; }
  // What jobs have downloaded, by user and SHA-256.
  std::string downloads() const { return root_ + "/downloads"; }
  std::string runs() const { return root_ + "/runs"; }
  // Returns the workspace of a project, in which relative paths of a Kurfile are resolved.
  std::string Workspace(const std::string& owner, const std::string& project) const;
  // Returns the folder that `~` means in a Kurfile.
  std::string Home(const std::string& owner) const;
  // Returns the folder of what the user's jobs have downloaded, by SHA-256. Workers write it, so
  // users share none: one could replace what another reads, or see what another has.
  std::string Downloads(const std::string& owner) const;

  std::string Run(const std::string& job) const { return runs() + "/" + job; }
  std::string Events(const std::string& job) const { return Run(job) + "/events.log"; }
  std::string Artifacts(const std::string& job) const { return Run(job) + "/artifacts"; }

 private:
  std::string root_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_PROTOCOL_STATE_LAYOUT_H_
