#ifndef KUR_SERVER_SCHEDULER_WRITE_CLAIMS_H_
#define KUR_SERVER_SCHEDULER_WRITE_CLAIMS_H_

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "server/scheduler/scheduling_policy.h"

namespace kur::server {

// Who writes what. A path meets another if it is the same or one is a folder above the other.
// Relative paths meet only within one owner's project, those under `~` within everything of one
// owner. Each question and each claim takes logarithmic time. Not thread-safe.
class WriteClaims {
 public:
  // What stands in a job's way.
  struct Conflict {
    std::string path;  // as the later job writes it
    std::string job;   // who claimed it first; of the same owner
  };

  // The first path of `job` that meets one claimed before, or nothing.
  std::optional<Conflict> Find(const SchedulableJob& job) const;

  // Claims all paths of `job`; a path that is claimed already stays with the first.
  void Add(const SchedulableJob& job);

 private:
  using Scope = std::pair<std::string, std::string>;     // owner; project, or "~" for the home
  using Claimants = std::map<std::string, std::string>;  // normalized path -> job

  std::map<Scope, Claimants> scopes_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_SCHEDULER_WRITE_CLAIMS_H_
