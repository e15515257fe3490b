#ifndef KUR_ENGINE_TRAIN_EARLY_STOPPING_H_
#define KUR_ENGINE_TRAIN_EARLY_STOPPING_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "engine/kurfile/specs/training_options.h"

namespace kur {

struct ValidationResult;

// Ends a run when the validations after epochs get no better. Not thread-safe.
class EarlyStopper {
 public:
  // What a checkpoint holds of a stopper.
  struct State {
    std::optional<double> best;  // value of the metric so far
    int64_t waited = 0;          // validations since `best`
    bool ended = false;          // the run is over

    // Calls visit(key, member) for every member, so that writing and reading cannot differ.
    template <class Self, class Visitor>
    static void VisitFields(Self& self, const Visitor& visit) {
      visit("early_best", self.best);
      visit("early_waited", self.waited);
      visit("ended_early", self.ended);
    }
  };

  // Without a `rule` the run never ends early. Keeps a reference to it.
  EarlyStopper(const std::optional<EarlyStopping>& rule, const State& state)
      : rule_(rule), state_(state) {}

  // Observes the validation after the epoch with the number `epoch`. Returns what there is to say
  // of it, or "". An error, with the names that there are, if the validation does not report the
  // metric.
  absl::StatusOr<std::string> Observe(const ValidationResult& result, int64_t epoch);

  bool ended() const { return state_.ended; }
  const State& state() const { return state_; }

 private:
  const std::optional<EarlyStopping>& rule_;
  State state_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_EARLY_STOPPING_H_
