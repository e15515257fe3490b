#ifndef KUR_ENGINE_TRAIN_TRAINING_H_
#define KUR_ENGINE_TRAIN_TRAINING_H_

#include <memory>
#include <vector>

#include "engine/data/augmenter.h"
#include "engine/optimizers/optimizer.h"
#include "engine/train/checkpoint.h"
#include "engine/train/deterministic_algorithms.h"
#include "engine/train/evaluation.h"
#include "engine/train/hook_runner.h"
#include "engine/train/kur_log.h"
#include "engine/train/objective.h"
#include "engine/train/open_set.h"
#include "engine/train/weight_average.h"

namespace kur {

// A training before its next batch: everything built and valid, with the weights and the state that
// it goes on from. Not thread-safe.
struct Training {
  OpenSet data;
  std::vector<OpenSet> validation;  // empty: the Kurfile asks for no validation
  Objective objective;
  ChosenMetrics validation_metrics;
  Augmenter augmenter;  // of `data`; may be empty()
  HookRunner hooks;
  HookRunner validation_hooks;
  std::string encodings;          // of FormatEncodings(): how the data becomes numbers
  std::string encodings_summary;  // of SummarizeEncodings()
  // Null: the Kurfile does not ask for them.
  std::unique_ptr<DeterministicAlgorithms> deterministic = nullptr;
  std::unique_ptr<Optimizer> optimizer = nullptr;
  std::unique_ptr<WeightAverage> average = nullptr;  // null: the Kurfile asks for none
  std::unique_ptr<KurLog> log = nullptr;             // null: the Kurfile asks for none
  TrainingPosition position = {};
  // The run may overwrite the files that it begins with, so that a process that goes on after this
  // one was killed must not begin with them: its start has to be written before its first batch.
  bool must_save_start = false;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_TRAINING_H_
