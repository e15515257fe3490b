#ifndef KUR_ENGINE_TRAIN_HOOK_DATA_H_
#define KUR_ENGINE_TRAIN_HOOK_DATA_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/batch_provider.h"
#include "engine/hooks/hook.h"
#include "engine/train/objective.h"
#include "engine/train/open_set.h"
#include "engine/train/results.h"

namespace kur {

// Computes what the model gives for the first batch of a set, and returns it with the truth.
absl::StatusOr<HookData> FirstBatchOf(const OpenSet& set, Objective* objective);

// Returns by what a person knows the samples of a batch; empty: by their places alone.
std::vector<std::string> NamesOfBatch(const BatchProvider& provider, const BatchPlan& plan,
                                      int64_t batch);

// Returns the rows as tensors that share their memory.
HookData ToHookData(Predictions* predictions);
// Returns a copy of the tensors as rows.
Predictions ToPredictions(const HookData& data);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_HOOK_DATA_H_
