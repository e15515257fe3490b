#ifndef KUR_SERVER_SCHEDULER_SCHEDULING_POLICY_H_
#define KUR_SERVER_SCHEDULER_SCHEDULING_POLICY_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/devices/device_inventory.h"
#include "server/scheduler/device_request.h"

namespace kur::server {

// The part of a job that a policy reads.
struct SchedulableJob {
  std::string name;
  std::string owner;
  std::string project;
  DeviceRequest request;  // for no device at all: a count of 0
  // The workspace paths that the job writes: two jobs of one owner and project that share one never
  // run at the same time.
  std::vector<std::string> writes;
};

// Everything a decision may depend on.
struct SchedulingSnapshot {
  std::vector<Device> devices;
  struct Running {
    SchedulableJob job;
    std::vector<std::string> devices;  // names
  };
  std::vector<Running> running;        // starting or running
  std::vector<SchedulableJob> queued;  // in the order of submission
};

// Returns the names of the devices that running jobs hold.
std::set<std::string> HeldDevices(const SchedulingSnapshot& snapshot);

// What is to be done now.
struct SchedulingDecision {
  struct Start {
    std::string job;
    std::vector<std::string> devices;  // names
  };
  std::vector<Start> starts;
  // Why each job that does not start waits, in words for its owner.
  std::map<std::string, std::string> waiting;
};

// Chooses, for one snapshot, which queued jobs start on which devices and why the others wait.
// Thread-safe.
class SchedulingPolicy {
 public:
  virtual ~SchedulingPolicy() = default;

  // Returns a decision with every queued job in exactly one of `starts` and `waiting`, and no
  // device in more than one start. A pure function; thread-safe. Called after every change; a start
  // that fails is offered again.
  virtual SchedulingDecision Decide(const SchedulingSnapshot& snapshot) const = 0;
};

// First in, first out: a job starts before every job submitted after it that could use one of the
// same devices; jobs held because of what they write let later ones pass.
std::unique_ptr<SchedulingPolicy> MakeFifoPolicy();

// OK if the inventory could ever satisfy the request; else FAILED_PRECONDITION with what is asked
// for and what there is.
absl::Status CheckSatisfiable(const DeviceRequest& request, const std::vector<Device>& devices);

}  // namespace kur::server

#endif  // KUR_SERVER_SCHEDULER_SCHEDULING_POLICY_H_
