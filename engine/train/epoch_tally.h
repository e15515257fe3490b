#ifndef KUR_ENGINE_TRAIN_EPOCH_TALLY_H_
#define KUR_ENGINE_TRAIN_EPOCH_TALLY_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/train/run_events.h"

namespace kur {

// Adds up the batches of the epoch at work. Not thread-safe.
class EpochTally {
 public:
  // What a checkpoint holds of a tally.
  struct State {
    std::map<std::string, double> loss_sums;  // batch losses times samples, by output
    int64_t samples = 0;
    double seconds = 0;  // of training

    // Calls visit(key, member) for every member, so that writing and reading cannot differ.
    template <class Self, class Visitor>
    static void VisitFields(Self& self, const Visitor& visit) {
      visit("loss_sums", self.loss_sums);
      visit("epoch_samples", self.samples);
      visit("epoch_seconds", self.seconds);
    }
  };

  explicit EpochTally(State state) : state_(std::move(state)) {}

  // Adds a batch of `size` samples with the loss of each output. A batch that was left out of the
  // training (`trained` is false) is no part of the mean. Returns the mean loss so far, summed over
  // the outputs.
  double AddBatch(const std::vector<std::pair<std::string, double>>& losses, int64_t size,
                  bool trained);

  // Adds time that training took, and the part of it that samples were waited for.
  void AddSeconds(double seconds) { state_.seconds += seconds; }
  void AddDataSeconds(double seconds) { data_seconds_ += seconds; }

  // Adds samples for which a loss was not defined.
  void AddUndefined(int64_t samples) { undefined_ += samples; }

  int64_t samples() const { return state_.samples; }
  // Returns the samples for which a loss was not defined, as far as this process trained the epoch.
  int64_t undefined() const { return undefined_; }
  const State& state() const { return state_; }

  // Returns the means of the epoch, but not its number and learning rate.
  EpochFinished Summary() const;

  // Begins an epoch.
  void Reset();

 private:
  State state_;
  double data_seconds_ = 0;
  int64_t undefined_ = 0;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_EPOCH_TALLY_H_
