#ifndef KUR_ENGINE_TRAIN_TEST_AND_EVALUATE_H_
#define KUR_ENGINE_TRAIN_TEST_AND_EVALUATE_H_

#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/kurfile/kurfile.h"
#include "engine/train/run.h"

namespace kur {

// Measures the loss on the `test` section with the weights that it names.
absl::StatusOr<RunOutcome> RunTest(const Kurfile& kurfile, const PathResolver& paths,
                                   const RunOptions& options, const RunHost& host);

// Applies the model to the `evaluate` section and hands what it gives, beside the truth where the
// data has it, to the hooks and then to the destination.
absl::StatusOr<RunOutcome> RunEvaluation(const Kurfile& kurfile, const PathResolver& paths,
                                         const RunOptions& options, const RunHost& host);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_TEST_AND_EVALUATE_H_
