#ifndef KUR_ENGINE_KURFILE_SPECS_PATH_PLACEHOLDERS_H_
#define KUR_ENGINE_KURFILE_SPECS_PATH_PLACEHOLDERS_H_

#include <map>
#include <string>
#include <vector>

#include "engine/value/diagnostics.h"
#include "engine/value/file_reference.h"

namespace kur {

// Paths of weights and checkpoints that are written may have ${NAME}, which becomes what it is at
// the time of writing: EPOCH, BATCH, SAMPLE, TRAIN_LOSS, VALIDATION_LOSS, TIMESTAMP.

// `path` with the values of the placeholders by name; others stay.
std::string ExpandPlaceholders(std::string path, const std::map<std::string, std::string>& values);

// Reports placeholders that there are not.
void CheckPlaceholders(const FileReference& file, Diagnostics* diagnostics);

// True if `path` may be what `pattern` becomes. Both are normalized.
bool CanExpandTo(const std::string& pattern, const std::string& path);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_PATH_PLACEHOLDERS_H_
