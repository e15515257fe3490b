#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/scheduler/placement.h"
#include "server/scheduler/scheduling_policy.h"
#include "server/scheduler/write_claims.h"

namespace kur::server {
namespace {

// Returns why the job waits whatever devices are free; "" if it does not. A job that waits for
// another to end claims what it writes all the same: later ones must not overtake it there.
std::string ReasonToHold(const SchedulableJob& job, const std::vector<Device>& devices,
                         WriteClaims& claims) {
  if (job.request.count == 0) return "";
  // A job that can never start (the devices have changed since it was submitted) stands in nobody's
  // way.
  const absl::Status satisfiable = CheckSatisfiable(job.request, devices);
  if (!satisfiable.ok()) return std::string(satisfiable.message());
  const auto conflict = claims.Find(job);
  claims.Add(job);
  if (!conflict.has_value()) return "";
  return absl::StrCat("held until ", conflict->job, " has ended: both write ", conflict->path);
}

// Serves jobs in the order of submission. Stateless; thread-safe.
class FifoPolicy : public SchedulingPolicy {
 public:
  SchedulingDecision Decide(const SchedulingSnapshot& snapshot) const override {
    SchedulingDecision decision;
    Placement placement(snapshot);
    WriteClaims claims;
    for (const auto& running : snapshot.running) claims.Add(running.job);
    for (const SchedulableJob& job : snapshot.queued) {
      std::string reason = ReasonToHold(job, snapshot.devices, claims);
      if (!reason.empty()) {
        decision.waiting[job.name] = std::move(reason);
      } else if (auto devices = placement.Place(job)) {
        decision.starts.push_back({job.name, *std::move(devices)});
      } else {
        decision.waiting[job.name] = placement.DescribeWait(job);
        placement.Reserve(job);
      }
    }
    return decision;
  }
};

}  // namespace

std::unique_ptr<SchedulingPolicy> MakeFifoPolicy() { return std::make_unique<FifoPolicy>(); }

}  // namespace kur::server
