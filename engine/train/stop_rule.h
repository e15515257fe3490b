#ifndef KUR_ENGINE_TRAIN_STOP_RULE_H_
#define KUR_ENGINE_TRAIN_STOP_RULE_H_

#include <cstdint>
#include <map>
#include <string>

#include "engine/kurfile/sections.h"
#include "engine/train/stopwatch.h"

namespace kur {

// The clocks of a training, by which it may be told to stop: over the life of its log. Not
// thread-safe.
struct Clocks {
  Stopwatch all;
  Stopwatch train;     // batches, with bringing their data
  Stopwatch validate;  // validations
  Stopwatch batch;     // batches without bringing their data

  // Clocks that stand at `readings` in seconds, by name; one that has no reading stands at 0.
  explicit Clocks(std::map<std::string, double> readings);

  // Returns the readings by name, in seconds.
  std::map<std::string, double> Read() const;
};

// Says when a run has trained enough. Not thread-safe.
class StopRule {
 public:
  // What a checkpoint holds of a rule: fixed when the run begins.
  struct State {
    // The epoch after which the run stops; 0: no limit; negative: before the first.
    int64_t last_epoch = 0;
    // The reading of the stop clock, in seconds, at which the run stops; 0: no limit.
    double clock_limit = 0;

    // Calls visit(key, member) for every member, so that writing and reading cannot differ.
    template <class Self, class Visitor>
    static void VisitFields(Self& self, const Visitor& visit) {
      visit("last_epoch", self.last_epoch);
      visit("clock_limit", self.clock_limit);
    }
  };

  // `condition` is borrowed.
  StopRule(const StopCondition& condition, const State& state)
      : condition_(condition), state_(state) {}

  // Returns true if a run that has completed `epochs` epochs over the life of the model is to stop.
  bool IsReached(int64_t epochs, const Clocks& clocks) const;

  bool limits_time() const { return state_.clock_limit > 0; }
  int64_t last_epoch() const { return state_.last_epoch; }
  const State& state() const { return state_; }

 private:
  const StopCondition& condition_;
  const State state_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_STOP_RULE_H_
