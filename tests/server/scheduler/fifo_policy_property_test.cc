// Properties that hold for every snapshot, tried on many random ones. What a request means is
// computed here independently of the policy.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "tests/server/scheduler/scheduling_helpers.h"

namespace kur::server {
namespace {

using Kind = DeviceRequest::Kind;
using Names = std::set<std::string>;

class RandomSnapshots {
 public:
  explicit RandomSnapshots(unsigned seed) : random_(seed) {}

  SchedulingSnapshot Next() {
    SchedulingSnapshot snapshot;
    snapshot.devices = Pick(2) == 0 ? CpuSlots(1 + Pick(4)) : CudaDevices(1 + Pick(8));
    if (Pick(4) == 0) snapshot.devices.push_back(CpuSlots(6).back());
    for (const Device& device : snapshot.devices) {
      if (Pick(3) != 0) continue;
      snapshot.running.push_back({NextJob(), {device.name}});
    }
    const int queued = Pick(12);
    for (int i = 0; i < queued; ++i) snapshot.queued.push_back(NextJob());
    return snapshot;
  }

 private:
  int Pick(int below) { return static_cast<int>(random_() % below); }

  std::vector<int> Indices() {
    std::vector<int> indices;
    for (int i = Pick(3); i > 0; --i) indices.push_back(Pick(8));
    return indices;
  }

  SchedulableJob NextJob() {
    constexpr Kind kKinds[] = {Kind::kAny, Kind::kAny, Kind::kCuda, Kind::kCpu};
    SchedulableJob job;
    job.owner = Pick(2) == 0 ? "ann" : "bob";
    job.name = job.owner + "s-job-" + std::to_string(++jobs_);
    job.project = Pick(2) == 0 ? "vision" : "speech";
    job.request = Ask(kKinds[Pick(4)], 1 + Pick(3), Indices(), Indices());
    for (int i = Pick(3); i > 0; --i) job.writes.push_back("w" + std::to_string(Pick(4)));
    return job;
  }

  std::mt19937 random_;
  int jobs_ = 0;
};

Names Usable(const SchedulableJob& job, const std::vector<Device>& devices) {
  Names cpu;
  Names cuda;
  bool has_cuda = false;
  for (const Device& device : devices) {
    if (device.kind == Device::Kind::kCpu) {
      cpu.insert(device.name);
      continue;
    }
    has_cuda = true;
    const auto& request = job.request;
    const auto count = [&](const std::vector<int>& indices) {
      return std::count(indices.begin(), indices.end(), device.cuda_index);
    };
    if ((request.allowed.empty() || count(request.allowed) > 0) && count(request.excluded) == 0) {
      cuda.insert(device.name);
    }
  }
  if (job.request.kind == Kind::kAny) return has_cuda ? cuda : cpu;
  return job.request.kind == Kind::kCuda ? cuda : cpu;
}

bool Conflict(const SchedulableJob& a, const SchedulableJob& b) {
  if (a.owner != b.owner || a.project != b.project) return false;
  return std::any_of(a.writes.begin(), a.writes.end(), [&](const std::string& path) {
    return std::count(b.writes.begin(), b.writes.end(), path) > 0;
  });
}

Names Intersection(const Names& a, const Names& b) {
  Names both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(both, both.end()));
  return both;
}

class FifoPropertyTest : public testing::TestWithParam<unsigned> {
 protected:
  static bool Satisfiable(const SchedulingSnapshot& snapshot, const SchedulableJob& job) {
    return Usable(job, snapshot.devices).size() >= static_cast<size_t>(job.request.count);
  }

  static std::map<std::string, Names> StartsOf(const SchedulingDecision& decision) {
    std::map<std::string, Names> starts;
    for (const auto& start : decision.starts) {
      starts[start.job] = {start.devices.begin(), start.devices.end()};
      EXPECT_EQ(starts[start.job].size(), start.devices.size()) << start.job;
    }
    EXPECT_EQ(starts.size(), decision.starts.size());
    return starts;
  }

  RandomSnapshots snapshots_{GetParam()};
  const std::unique_ptr<SchedulingPolicy> policy_ = MakeFifoPolicy();
};

constexpr int kSnapshots = 400;

TEST_P(FifoPropertyTest, EveryQueuedJobEitherStartsOrWaitsForAReason) {
  for (int i = 0; i < kSnapshots; ++i) {
    const SchedulingSnapshot snapshot = snapshots_.Next();
    const SchedulingDecision decision = policy_->Decide(snapshot);
    const auto starts = StartsOf(decision);
    EXPECT_EQ(starts.size() + decision.waiting.size(), snapshot.queued.size());
    for (const SchedulableJob& job : snapshot.queued) {
      const auto waiting = decision.waiting.find(job.name);
      EXPECT_NE(starts.count(job.name) == 1, waiting != decision.waiting.end()) << job.name;
      EXPECT_TRUE(waiting == decision.waiting.end() || !waiting->second.empty()) << job.name;
    }
  }
}

TEST_P(FifoPropertyTest, AStartedJobGetsWhatItAskedForAndNobodyElseHas) {
  for (int i = 0; i < kSnapshots; ++i) {
    const SchedulingSnapshot snapshot = snapshots_.Next();
    const auto starts = StartsOf(policy_->Decide(snapshot));
    Names taken;
    for (const auto& running : snapshot.running) {
      taken.insert(running.devices.begin(), running.devices.end());
    }
    for (const SchedulableJob& job : snapshot.queued) {
      const auto start = starts.find(job.name);
      if (start == starts.end()) continue;
      const Names& devices = start->second;
      EXPECT_EQ(devices.size(), static_cast<size_t>(job.request.count));
      EXPECT_EQ(Intersection(devices, Usable(job, snapshot.devices)), devices) << job.name;
      EXPECT_TRUE(Intersection(devices, taken).empty()) << job.name;
      taken.insert(devices.begin(), devices.end());
    }
  }
}

TEST_P(FifoPropertyTest, NoJobOvertakesOnADeviceThatAnEarlierOneWaitsFor) {
  for (int i = 0; i < kSnapshots; ++i) {
    const SchedulingSnapshot snapshot = snapshots_.Next();
    const SchedulingDecision decision = policy_->Decide(snapshot);
    const auto starts = StartsOf(decision);
    Names awaited;
    for (const SchedulableJob& job : snapshot.queued) {
      const auto start = starts.find(job.name);
      if (start != starts.end()) {
        EXPECT_TRUE(Intersection(start->second, awaited).empty()) << job.name;
        continue;
      }
      const std::string& reason = decision.waiting.at(job.name);
      if (reason.rfind("waiting for ", 0) != 0) continue;
      const Names usable = Usable(job, snapshot.devices);
      awaited.insert(usable.begin(), usable.end());
    }
  }
}

TEST_P(FifoPropertyTest, AJobWaitsOnlyIfItMust) {
  for (int i = 0; i < kSnapshots; ++i) {
    const SchedulingSnapshot snapshot = snapshots_.Next();
    const auto starts = StartsOf(policy_->Decide(snapshot));
    Names taken;
    std::vector<SchedulableJob> writers;
    for (const auto& running : snapshot.running) {
      taken.insert(running.devices.begin(), running.devices.end());
      writers.push_back(running.job);
    }
    for (const SchedulableJob& job : snapshot.queued) {
      if (!Satisfiable(snapshot, job)) {
        EXPECT_EQ(starts.count(job.name), 0u);
        continue;
      }
      const bool held = std::any_of(writers.begin(), writers.end(),
                                    [&](const auto& writer) { return Conflict(job, writer); });
      writers.push_back(job);
      const Names usable = Usable(job, snapshot.devices);
      const size_t free = usable.size() - Intersection(usable, taken).size();
      const bool can_start = !held && free >= static_cast<size_t>(job.request.count);
      EXPECT_EQ(starts.count(job.name) == 1, can_start) << job.name;
      if (can_start) {
        taken.insert(starts.at(job.name).begin(), starts.at(job.name).end());
      } else if (!held) {
        taken.insert(usable.begin(), usable.end());
      }
    }
  }
}

TEST_P(FifoPropertyTest, AReasonNeverNamesAnotherUsersJob) {
  for (int i = 0; i < kSnapshots; ++i) {
    const SchedulingSnapshot snapshot = snapshots_.Next();
    const SchedulingDecision decision = policy_->Decide(snapshot);
    for (const SchedulableJob& job : snapshot.queued) {
      const auto waiting = decision.waiting.find(job.name);
      if (waiting == decision.waiting.end()) continue;
      const std::string others = job.owner == "ann" ? "bobs-job" : "anns-job";
      EXPECT_THAT(waiting->second, testing::Not(testing::HasSubstr(others)));
    }
  }
}

TEST_P(FifoPropertyTest, TheSameSnapshotGivesTheSameDecision) {
  for (int i = 0; i < kSnapshots; ++i) {
    const SchedulingSnapshot snapshot = snapshots_.Next();
    const SchedulingDecision first = policy_->Decide(snapshot);
    const SchedulingDecision second = MakeFifoPolicy()->Decide(snapshot);
    EXPECT_EQ(StartsOf(first), StartsOf(second));
    EXPECT_EQ(first.waiting, second.waiting);
  }
}

// Plays time: decide, start, end the job that has run longest, until nothing runs.
TEST_P(FifoPropertyTest, EverySatisfiableJobRunsInTheEnd) {
  for (int i = 0; i < kSnapshots / 4; ++i) {
    SchedulingSnapshot snapshot = snapshots_.Next();
    while (true) {
      for (const auto& start : policy_->Decide(snapshot).starts) {
        const auto job =
            std::find_if(snapshot.queued.begin(), snapshot.queued.end(),
                         [&](const SchedulableJob& queued) { return queued.name == start.job; });
        ASSERT_NE(job, snapshot.queued.end());
        snapshot.running.push_back({*job, start.devices});
        snapshot.queued.erase(job);
      }
      if (snapshot.running.empty()) break;
      snapshot.running.erase(snapshot.running.begin());
    }
    for (const SchedulableJob& job : snapshot.queued) {
      EXPECT_FALSE(Satisfiable(snapshot, job)) << job.name << " never ran";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FifoPropertyTest, testing::Values(1u, 2u, 3u));

}  // namespace
}  // namespace kur::server
