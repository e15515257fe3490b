#include "server/scheduler/placement.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/scheduler/device_matching.h"

namespace kur::server {
namespace {

// More devices than this are not listed in a reason.
constexpr size_t kListedDevices = 4;
// Jobs without a device disturb those that have one: they read data and need memory.
constexpr int kMostWithoutDevice = 2;

std::string NameFor(const SchedulableJob& reader, const SchedulableJob& job) {
  return job.owner == reader.owner ? job.name : "another user's job";
}

}  // namespace

Placement::Placement(const SchedulingSnapshot& snapshot)
    : devices_(snapshot.devices),
      holders_(devices_.size(), nullptr),
      reserved_for_(devices_.size(), nullptr) {
  for (const auto& running : snapshot.running) {
    if (running.job.request.count == 0) ++without_device_;
    for (size_t i = 0; i < devices_.size(); ++i) {
      const auto held = std::find(running.devices.begin(), running.devices.end(), devices_[i].name);
      if (held != running.devices.end()) holders_[i] = &running.job;
    }
  }
}

std::optional<std::vector<std::string>> Placement::Place(const SchedulableJob& job) {
  std::vector<std::string> names;
  if (job.request.count == 0) {
    if (without_device_ == kMostWithoutDevice) return std::nullopt;
    ++without_device_;
    return names;
  }
  const auto wanted = static_cast<size_t>(job.request.count);
  std::vector<size_t> free;
  for (const size_t i : UsableDevices(job.request, devices_)) {
    const bool is_free = holders_[i] == nullptr && devices_[i].unavailable.empty();
    if (is_free && reserved_for_[i] == nullptr) free.push_back(i);
  }
  if (free.size() < wanted) return std::nullopt;
  free.resize(wanted);
  for (const size_t i : free) {
    holders_[i] = &job;
    names.push_back(devices_[i].name);
  }
  return names;
}

void Placement::Reserve(const SchedulableJob& job) {
  if (job.request.count == 0) return;
  const std::vector<size_t> usable = UsableDevices(job.request, devices_);
  for (const size_t i : usable) {
    if (reserved_for_[i] == nullptr) reserved_for_[i] = &job;
  }
  ++lines_[usable];
}

int Placement::CountJobsAhead(const std::vector<size_t>& usable) const {
  int ahead = 0;
  for (const auto& [line, length] : lines_) {
    const bool shares = std::any_of(line.begin(), line.end(), [&usable](size_t i) {
      return std::binary_search(usable.begin(), usable.end(), i);
    });
    if (shares) ahead += length;
  }
  return ahead;
}

std::string Placement::DescribeTaken(const SchedulableJob& job,
                                     const std::vector<size_t>& usable) const {
  std::vector<std::string> taken;
  for (const size_t i : usable) {
    if (holders_[i] != nullptr) {
      taken.push_back(absl::StrCat(devices_[i].name, " is busy with ", NameFor(job, *holders_[i])));
    } else if (!devices_[i].unavailable.empty()) {
      taken.push_back(absl::StrCat(devices_[i].name, ": ", devices_[i].unavailable));
    } else if (reserved_for_[i] != nullptr) {
      taken.push_back(
          absl::StrCat(devices_[i].name, " is kept for ", NameFor(job, *reserved_for_[i])));
    }
  }
  const size_t unlisted = taken.size() - std::min(taken.size(), kListedDevices);
  taken.resize(taken.size() - unlisted);
  std::string text = absl::StrJoin(taken, ", ");
  if (unlisted > 0) absl::StrAppend(&text, " and ", unlisted, " more are taken");
  return text;
}

std::string Placement::DescribeWait(const SchedulableJob& job) const {
  if (job.request.count == 0) {
    return absl::StrCat("waiting: ", kMostWithoutDevice, " jobs are looking at data already");
  }
  const std::vector<size_t> usable = UsableDevices(job.request, devices_);
  const int ahead = CountJobsAhead(usable);
  return absl::StrCat(
      job.request.count == 1 ? "waiting for a device"
                             : absl::StrCat("waiting for ", job.request.count, " devices"),
      ahead == 0 ? ", next in line: "
                 : absl::StrCat(", ", ahead, ahead == 1 ? " job" : " jobs", " ahead: "),
      DescribeTaken(job, usable));
}

}  // namespace kur::server
