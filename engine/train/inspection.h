#ifndef KUR_ENGINE_TRAIN_INSPECTION_H_
#define KUR_ENGINE_TRAIN_INSPECTION_H_

#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/kurfile/kurfile.h"
#include "engine/train/run.h"

namespace kur {

// Reads the data of the sections that options.inspection names from the first sample to the last,
// and tells `host` of each set what is in it and what is wrong with it: by itself, for the
// model and its losses, and beside the sets before it. Trains nothing and writes nothing. Data that
// cannot be read is a finding too; an error is only that the named section has no data.
absl::StatusOr<RunOutcome> RunInspection(const Kurfile& kurfile, const PathResolver& paths,
                                         const RunOptions& options, const RunHost& host);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_INSPECTION_H_
