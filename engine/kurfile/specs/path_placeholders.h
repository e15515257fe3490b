#ifndef KUR_ENGINE_KURFILE_SPECS_PATH_PLACEHOLDERS_H_
#define KUR_ENGINE_KURFILE_SPECS_PATH_PLACEHOLDERS_H_

#include <map>
#include <string>
#include <vector>

#include "engine/value/diagnostics.h"
#include "engine/value/file_reference.h"

namespace kur {

// The output paths of weights and checkpoints may contain placeholders ${NAME}, which are replaced
// when the file is written: EPOCH, BATCH, SAMPLE, TRAIN_LOSS, VALIDATION_LOSS, TIMESTAMP.

// Replaces the placeholders in `path` by `values`, given by name. Keeps others.
std::string ExpandPlaceholders(std::string path, const std::map<std::string, std::string>& values);

// Reports unknown placeholders.
void CheckPlaceholders(const FileReference& file, Diagnostics* diagnostics);

// Returns whether the placeholders in `pattern` can expand to `path`. Both are normalized.
bool CanExpandTo(const std::string& pattern, const std::string& path);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_PATH_PLACEHOLDERS_H_
