#ifndef KUR_ENGINE_KURFILE_TRAINING_KEYS_H_
#define KUR_ENGINE_KURFILE_TRAINING_KEYS_H_

#include <memory>
#include <optional>
#include <string>

#include "engine/kurfile/schema/fields.h"
#include "engine/kurfile/sections.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// The keys that only `train` has. Each reads one value, which is null where the key is missing, and
// reports everything that is wrong with it.

// `epochs` and `stop_when`; the latter wins where both say something.
StopCondition ParseStop(const Value& epochs, const Value& stop_when, Diagnostics* diagnostics);

// `checkpoint`, which stands at `key`.
std::optional<CheckpointSection> ParseCheckpoint(const Value& value, const std::string& key,
                                                 Diagnostics* diagnostics);

// `log`; absent, too, where nothing is to be written.
std::optional<LogSection> ParseLog(const Value& value, Diagnostics* diagnostics);

// The keys of `epochs`, `stop_when`, `checkpoint` and `log`.
KeyTable EpochsKeys();
KeyTable StopWhenKeys();
KeyTable CheckpointKeys();
KeyTable LogKeys();

// `optimizer`; null if anything was reported. `fallback` is the place of a missing key.
std::shared_ptr<const OptimizerSpec> ParseOptimizer(const Value& value, const Location& fallback,
                                                    Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_TRAINING_KEYS_H_
