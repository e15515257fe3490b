#ifndef KUR_ENGINE_TRAIN_CHECKPOINT_TIMER_H_
#define KUR_ENGINE_TRAIN_CHECKPOINT_TIMER_H_

#include <cstdint>
#include <optional>

#include "engine/kurfile/sections.h"

namespace kur {

// Says when the checkpoint that a Kurfile asks for is due. Not thread-safe.
class CheckpointTimer {
 public:
  // What a checkpoint holds of a timer: counts since the last checkpoint of the Kurfile.
  struct State {
    int64_t epochs = 0;
    int64_t batches = 0;
    int64_t samples = 0;
    double seconds = 0;

    // Calls visit(key, member) for every member, so that writing and reading cannot differ.
    template <class Self, class Visitor>
    static void VisitFields(Self& self, const Visitor& visit) {
      visit("checkpoint_epochs", self.epochs);
      visit("checkpoint_batches", self.batches);
      visit("checkpoint_samples", self.samples);
      visit("checkpoint_seconds", self.seconds);
    }
  };

  // Without a `section` no checkpoint is ever due. Keeps a reference to it.
  CheckpointTimer(const std::optional<CheckpointSection>& section, const State& state)
      : section_(section), state_(state) {}

  void CountBatch(int64_t samples) {
    ++state_.batches;
    state_.samples += samples;
  }
  void CountSeconds(double seconds) { state_.seconds += seconds; }
  void CountEpoch() { ++state_.epochs; }

  // Returns true if a checkpoint is due after an epoch (`epoch_done`), or after a batch.
  bool IsDue(bool epoch_done) const;

  // Counts from a checkpoint that is about to be written.
  void Restart() { state_ = State(); }

  const State& state() const { return state_; }

 private:
  const std::optional<CheckpointSection>& section_;
  State state_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_CHECKPOINT_TIMER_H_
