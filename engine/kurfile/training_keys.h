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

// Parsers for the keys that only `train` has. Each takes the value of a key, null if the key is
// missing, and reports all errors. Thread-safe.

// Parses `epochs` and `stop_when`, which wins where both give a limit.
StopCondition ParseStop(const Value& epochs, const Value& stop_when, Diagnostics* diagnostics);

// Parses `checkpoint`, which is at `key`.
std::optional<CheckpointSection> ParseCheckpoint(const Value& value, const std::string& key,
                                                 Diagnostics* diagnostics);

// Parses `log`. Returns nothing if the Kurfile turns the log off.
std::optional<LogSection> ParseLog(const Value& value, Diagnostics* diagnostics);

// Return the keys of `epochs`, `stop_when`, `checkpoint` and `log`.
KeyTable EpochsKeys();
KeyTable StopWhenKeys();
KeyTable CheckpointKeys();
KeyTable LogKeys();

// Parses `optimizer`. Returns null after an error. `fallback` locates errors if the key is missing.
std::shared_ptr<const OptimizerSpec> ParseOptimizer(const Value& value, const Location& fallback,
                                                    Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_TRAINING_KEYS_H_
