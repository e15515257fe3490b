#include "engine/train/stop_rule.h"

namespace kur {

Clocks::Clocks(std::map<std::string, double> readings) {
  all.Reset(readings["all"]);
  train.Reset(readings["train"]);
  validate.Reset(readings["validate"]);
  batch.Reset(readings["batch"]);
}

std::map<std::string, double> Clocks::Read() const {
  return {{"all", all.seconds()},
          {"train", train.seconds()},
          {"validate", validate.seconds()},
          {"batch", batch.seconds()}};
}

bool StopRule::IsReached(int64_t epochs, const Clocks& clocks) const {
  if (state_.last_epoch != 0 && epochs >= state_.last_epoch) return true;
  return limits_time() && clocks.Read().at(condition_.clock) >= state_.clock_limit;
}

}  // namespace kur
