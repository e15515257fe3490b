#include "engine/train/thread_governor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace kur {
namespace {

// A machine on which a step takes as long as `seconds_of` says for a number of threads, and the
// process is preempted so many times a second.
class Simulation {
 public:
  using SecondsOf = std::map<int, double>;

  explicit Simulation(int most)
      : threads_(most),
        governor_(
            most,
            {[this] {
               return ThreadGovernor::Usage{static_cast<int64_t>(preemptions_), processor_seconds_};
             },
             [this](int threads) {
               threads_ = threads;
               ++changes_;
             }}) {}

  // Trains for some time and returns the mean time of a step.
  double Train(const SecondsOf& seconds_of, double preemptions_per_second, double seconds) {
    double trained = 0;
    int64_t steps = 0;
    while (trained < seconds) {
      const double step = seconds_of.at(threads_);
      governor_.BeforeStep();
      preemptions_ += preemptions_per_second * step;
      processor_seconds_ += share_ * threads_ * step;
      trained += step;
      ++steps;
      used_.insert(threads_);
      governor_.AfterStep(step);
      // What happens between steps is nothing to it.
      preemptions_ += 1000;
    }
    return trained / static_cast<double>(steps);
  }

  // How much of the processors the process gets.
  void set_share(double share) { share_ = share; }
  int chosen() const { return governor_.threads(); }
  int changes() const { return changes_; }
  const std::set<int>& used() const { return used_; }

 private:
  int threads_;
  double preemptions_ = 0;
  double processor_seconds_ = 0;
  double share_ = 0.5;
  int changes_ = 0;
  std::set<int> used_;
  ThreadGovernor governor_;
};

const Simulation::SecondsOf kAlone = {{1, 0.018}, {2, 0.01}};
const Simulation::SecondsOf kCrowded = {{1, 0.027}, {2, 0.1}};  // barriers cost a time slice each

TEST(ThreadGovernorTest, AloneNothingChanges) {
  Simulation simulation(2);
  simulation.Train(kAlone, /*preemptions_per_second=*/5, 600);
  EXPECT_EQ(simulation.changes(), 0);
}

TEST(ThreadGovernorTest, EvenIfFewerWouldBeFaster) {
  // So that runs repeat themselves.
  Simulation simulation(2);
  simulation.Train({{1, 0.01}, {2, 0.02}}, 5, 600);
  EXPECT_EQ(simulation.changes(), 0);
}

TEST(ThreadGovernorTest, ThreadsOfOurOwnInEachOthersWayAreNoOthers) {
  Simulation simulation(2);
  simulation.set_share(0.98);
  simulation.Train({{1, 0.01}, {2, 0.02}}, 500, 600);
  EXPECT_EQ(simulation.changes(), 0);
}

TEST(ThreadGovernorTest, WhereOthersAreInTheWayItGivesWaySoonAndGainsMostOfIt) {
  Simulation simulation(2);
  simulation.Train(kCrowded, 300, 3);
  EXPECT_EQ(simulation.chosen(), 1);
  EXPECT_LT(simulation.Train(kCrowded, 300, 600), 0.027 * 1.1);
  EXPECT_EQ(simulation.chosen(), 1);
}

TEST(ThreadGovernorTest, WhenTheyHaveGoneAllThreadsAreUsedAgain) {
  Simulation simulation(2);
  simulation.Train(kCrowded, 300, 100);
  ASSERT_EQ(simulation.chosen(), 1);
  simulation.Train(kAlone, 5, 2);
  EXPECT_EQ(simulation.chosen(), 2);
  EXPECT_LT(simulation.Train(kAlone, 5, 100), 0.01 * 1.01);
}

TEST(ThreadGovernorTest, WhereTwoAreFasterAllTheSameTryingCostsLittle) {
  const Simulation::SecondsOf large = {{1, 0.27}, {2, 0.2}};
  Simulation simulation(2);
  EXPECT_LT(simulation.Train(large, 300, 600), 0.2 * 1.03);
  EXPECT_EQ(simulation.chosen(), 2);
  EXPECT_GT(simulation.changes(), 0);
}

TEST(ThreadGovernorTest, OfManyTheRightNumberIsFound) {
  // Half of the processors belong to others.
  Simulation::SecondsOf seconds;
  for (int threads = 1; threads <= 32; ++threads) {
    seconds[threads] = threads <= 16 ? 1.0 / threads : 0.2;
  }
  Simulation simulation(32);
  simulation.Train(seconds, 50 * 32, 300);
  EXPECT_GE(simulation.chosen(), 12);
  EXPECT_LE(simulation.chosen(), 16);
  EXPECT_GE(*simulation.used().begin(), 1);
  EXPECT_LE(*simulation.used().rbegin(), 32);
}

TEST(ThreadGovernorTest, OneThreadStaysOne) {
  Simulation simulation(1);
  simulation.Train({{1, 0.1}}, 1000, 100);
  EXPECT_EQ(simulation.changes(), 0);
}

}  // namespace
}  // namespace kur
