#ifndef KUR_ENGINE_TRAIN_OPEN_SET_H_
#define KUR_ENGINE_TRAIN_OPEN_SET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/data/batch_provider.h"
#include "engine/data/supplier.h"
#include "engine/kurfile/kurfile.h"
#include "engine/train/run.h"

namespace kur {

// One set of data of a section, opened. Not thread-safe.
struct OpenSet {
  std::string name;  // empty where the section has one set
  BatchProvider provider;
};

// Returns what suppliers of a job open their data with; they report to `host`, whose parts must
// outlive the data, and write files only in a training.
OpenContext MakeOpenContext(const Kurfile& kurfile, const PathResolver& paths, Mode mode,
                            const RunHost& host);

// Opens the data of a section. `seed` is that of the order; `randomize` false keeps the order of
// the files.
absl::StatusOr<std::vector<OpenSet>> OpenData(const DataSection& section,
                                              const OpenContext& context, uint64_t seed,
                                              bool randomize);

// Returns the error that `provider` lacks the source `name`, which `what` (a few words) needs: the
// key `key` of the Kurfile, at `location`.
absl::Status MissingSource(const std::string& what, const std::string& name,
                           const BatchProvider& provider, const Location& location,
                           const std::string& key);

// Fails if `provider` lacks a source that the key `key` of the Kurfile, at `location`, names.
absl::Status CheckHasSource(const BatchProvider& provider, const std::string& source,
                            const std::string& key, const Location& location);

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_OPEN_SET_H_
