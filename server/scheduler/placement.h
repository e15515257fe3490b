#ifndef KUR_SERVER_SCHEDULER_PLACEMENT_H_
#define KUR_SERVER_SCHEDULER_PLACEMENT_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/devices/device_inventory.h"
#include "server/scheduler/scheduling_policy.h"

namespace kur::server {

// The devices of one scheduling decision: who holds which, and for whom the others are kept free. A
// policy asks for its jobs in the order in which they are to be served; where a job goes, and why
// it cannot go anywhere, is decided here. Lives as long as its snapshot. Not thread-safe.
class Placement {
 public:
  // `snapshot` must outlive the placement.
  explicit Placement(const SchedulingSnapshot& snapshot);

  // Gives the job the first devices that it can use, of those that are neither held nor unavailable
  // nor kept for a job before it, and returns their names; nothing if there are not enough. The
  // request must be satisfiable. A request for no device at all gets none, while few enough jobs
  // run so.
  std::optional<std::vector<std::string>> Place(const SchedulableJob& job);

  // Keeps every device that the job could use, and that is not kept for another, for the job: what
  // is asked for later does not get it.
  void Reserve(const SchedulableJob& job);

  // Returns why Place() found nothing for the job, in words for its owner: "waiting for a device,
  // next in line: cpu0 is busy with cifar-3". Jobs of other users are not named.
  std::string DescribeWait(const SchedulableJob& job) const;

 private:
  std::string DescribeTaken(const SchedulableJob& job, const std::vector<size_t>& usable) const;
  // Returns how many jobs for which devices are kept could use one of these.
  int CountJobsAhead(const std::vector<size_t>& usable) const;

  const std::vector<Device>& devices_;
  // By position in `devices_`: who runs on it, and the first job in line that could use it.
  std::vector<const SchedulableJob*> holders_;
  std::vector<const SchedulableJob*> reserved_for_;
  // How many jobs in line could use exactly these devices.
  std::map<std::vector<size_t>, int> lines_;
  int without_device_ = 0;  // jobs that run on no device
};

}  // namespace kur::server

#endif  // KUR_SERVER_SCHEDULER_PLACEMENT_H_
