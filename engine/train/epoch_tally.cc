#include "engine/train/epoch_tally.h"

#include <algorithm>

namespace kur {

double EpochTally::AddBatch(const std::vector<std::pair<std::string, double>>& losses, int64_t size,
                            bool trained) {
  if (trained) state_.samples += size;
  double sum = 0;
  for (const auto& [name, value] : losses) {
    double& loss_sum = state_.loss_sums[name];
    if (trained) loss_sum += value * static_cast<double>(size);
    sum += loss_sum;
  }
  return sum / static_cast<double>(std::max<int64_t>(state_.samples, 1));
}

EpochFinished EpochTally::Summary() const {
  EpochFinished finished;
  finished.samples = state_.samples;
  finished.seconds = state_.seconds;
  finished.data_seconds = data_seconds_;
  for (const auto& [name, sum] : state_.loss_sums) {
    finished.losses[name] = sum / static_cast<double>(std::max<int64_t>(state_.samples, 1));
    finished.loss += finished.losses[name];
  }
  return finished;
}

void EpochTally::Reset() { *this = EpochTally(State()); }

}  // namespace kur
