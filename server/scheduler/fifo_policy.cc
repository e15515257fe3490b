#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/scheduler/device_matching.h"
#include "server/scheduler/scheduling_policy.h"
#include "server/scheduler/write_claims.h"

namespace kur::server {
namespace {

// More devices than this are not listed in a reason.
constexpr size_t kListedDevices = 4;
// Jobs without a device disturb those that have one: they read data and need memory.
constexpr int kWithoutDevice = 2;

std::string NameFor(const SchedulableJob& reader, const SchedulableJob& job) {
  return job.owner == reader.owner ? job.name : "another user's job";
}

// One decision in the making: what is held, what is kept for whom, and who stands in line. Walks
// the queue once; only lives as long as its snapshot.
class Round {
 public:
  explicit Round(const SchedulingSnapshot& snapshot) : devices_(snapshot.devices) {
    holders_.resize(devices_.size());
    reserved_for_.resize(devices_.size());
    for (const auto& running : snapshot.running) {
      claims_.Add(running.job);
      for (const std::string& name : running.devices) Hold(name, running.job);
      if (running.job.request.count == 0) ++without_device_;
    }
    for (const SchedulableJob& job : snapshot.queued) Place(job);
  }

  SchedulingDecision TakeDecision() { return std::move(decision_); }

 private:
  void Hold(const std::string& name, const SchedulableJob& job) {
    for (size_t i = 0; i < devices_.size(); ++i) {
      if (devices_[i].name == name) holders_[i] = &job;
    }
  }

  void Place(const SchedulableJob& job) {
    if (job.request.count == 0) {
      PlaceWithoutDevice(job);
      return;
    }
    // A job that can never start (the devices have changed since it was submitted) stands in
    // nobody's way.
    const absl::Status satisfiable = CheckSatisfiable(job.request, devices_);
    if (!satisfiable.ok()) {
      decision_.waiting[job.name] = std::string(satisfiable.message());
      return;
    }
    const auto conflict = claims_.Find(job);
    claims_.Add(job);
    if (conflict.has_value()) {
      decision_.waiting[job.name] =
          absl::StrCat("held until ", conflict->job, " has ended: both write ", conflict->path);
      return;
    }
    StartOrQueue(job);
  }

  void PlaceWithoutDevice(const SchedulableJob& job) {
    if (without_device_ == kWithoutDevice) {
      decision_.waiting[job.name] =
          absl::StrCat("waiting: ", kWithoutDevice, " jobs are looking at data already");
      return;
    }
    ++without_device_;
    Start(job, {});
  }

  void StartOrQueue(const SchedulableJob& job) {
    const std::vector<size_t> usable = UsableDevices(job.request, devices_);
    const auto wanted = static_cast<size_t>(job.request.count);
    std::vector<size_t> free;
    for (const size_t i : usable) {
      if (holders_[i] == nullptr && reserved_for_[i] == nullptr) free.push_back(i);
    }
    if (free.size() >= wanted) {
      free.resize(wanted);
      Start(job, free);
      return;
    }
    decision_.waiting[job.name] = ReasonFor(job, usable);
    for (const size_t i : usable) {
      if (reserved_for_[i] == nullptr) reserved_for_[i] = &job;
    }
    ++lines_[usable];
  }

  void Start(const SchedulableJob& job, const std::vector<size_t>& chosen) {
    SchedulingDecision::Start start;
    start.job = job.name;
    for (const size_t i : chosen) {
      holders_[i] = &job;
      start.devices.push_back(devices_[i].name);
    }
    decision_.starts.push_back(std::move(start));
  }

  // How many jobs in line could use one of these devices.
  int JobsAhead(const std::vector<size_t>& usable) const {
    int ahead = 0;
    for (const auto& [line, length] : lines_) {
      const bool shares = std::any_of(line.begin(), line.end(), [&usable](size_t i) {
        return std::binary_search(usable.begin(), usable.end(), i);
      });
      if (shares) ahead += length;
    }
    return ahead;
  }

  // "waiting for a device, next in line: cpu0 is busy with cifar-3".
  std::string ReasonFor(const SchedulableJob& job, const std::vector<size_t>& usable) const {
    std::string reason = job.request.count == 1
                             ? "waiting for a device"
                             : absl::StrCat("waiting for ", job.request.count, " devices");
    const int ahead = JobsAhead(usable);
    if (ahead == 0) {
      absl::StrAppend(&reason, ", next in line: ");
    } else {
      absl::StrAppend(&reason, ", ", ahead, ahead == 1 ? " job" : " jobs", " ahead: ");
    }
    std::vector<std::string> taken;
    for (const size_t i : usable) {
      if (holders_[i] != nullptr) {
        taken.push_back(
            absl::StrCat(devices_[i].name, " is busy with ", NameFor(job, *holders_[i])));
      } else if (reserved_for_[i] != nullptr) {
        taken.push_back(
            absl::StrCat(devices_[i].name, " is kept for ", NameFor(job, *reserved_for_[i])));
      }
    }
    const size_t unlisted = taken.size() - std::min(taken.size(), kListedDevices);
    taken.resize(taken.size() - unlisted);
    absl::StrAppend(&reason, absl::StrJoin(taken, ", "));
    if (unlisted > 0) absl::StrAppend(&reason, " and ", unlisted, " more are taken");
    return reason;
  }

  const std::vector<Device>& devices_;
  // By position in `devices_`: who runs on it, and the first job in line that could use it.
  std::vector<const SchedulableJob*> holders_;
  std::vector<const SchedulableJob*> reserved_for_;
  // How many jobs in line could use exactly these devices.
  std::map<std::vector<size_t>, int> lines_;
  int without_device_ = 0;  // jobs that run so
  WriteClaims claims_;
  SchedulingDecision decision_;
};

class FifoPolicy : public SchedulingPolicy {
 public:
  SchedulingDecision Decide(const SchedulingSnapshot& snapshot) const override {
    return Round(snapshot).TakeDecision();
  }
};

}  // namespace

std::unique_ptr<SchedulingPolicy> MakeFifoPolicy() { return std::make_unique<FifoPolicy>(); }

}  // namespace kur::server
