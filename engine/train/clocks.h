#ifndef KUR_ENGINE_TRAIN_CLOCKS_H_
#define KUR_ENGINE_TRAIN_CLOCKS_H_

#include <map>
#include <string>

#include "engine/train/stopwatch.h"

namespace kur {

// The clocks of a training, by which it may be told to stop: over the life of its log. Not
// thread-safe.
struct Clocks {
  Stopwatch all;
  Stopwatch train;     // batches, with bringing their data
  Stopwatch validate;  // validations
  Stopwatch batch;     // batches without bringing their data

  // Readings by name, in seconds.
  std::map<std::string, double> Read() const {
    return {{"all", all.seconds()},
            {"train", train.seconds()},
            {"validate", validate.seconds()},
            {"batch", batch.seconds()}};
  }

  // Goes on from readings; a clock that has none begins at 0. All of them stand.
  void Reset(std::map<std::string, double> readings) {
    all.Reset(readings["all"]);
    train.Reset(readings["train"]);
    validate.Reset(readings["validate"]);
    batch.Reset(readings["batch"]);
  }
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_CLOCKS_H_
