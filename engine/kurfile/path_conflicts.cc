#include "engine/kurfile/path_conflicts.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/path_resolver.h"
#include "engine/kurfile/specs/path_placeholders.h"

namespace kur {
namespace {

// Returns the same text for all spellings of a path.
std::string CanonicalPath(const FileReference& file) {
  const bool home = absl::StartsWith(file.path, "~/");
  const auto normalized = NormalizeInputPath(home ? file.path.substr(2) : file.path);
  if (!normalized.ok()) return file.path;
  return home ? "~/" + *normalized : *normalized;
}

const FileReference* Find(const std::vector<FileReference>& files, const std::string& path) {
  for (const FileReference& file : files) {
    if (CanonicalPath(file) == path) return &file;
  }
  return nullptr;
}

// Returns a file that the placeholders in `pattern` can expand to; null if there is none.
const FileReference* FindMatch(const std::vector<FileReference>& files,
                               const std::string& pattern) {
  for (const FileReference& file : files) {
    if (CanExpandTo(pattern, CanonicalPath(file))) return &file;
  }
  return nullptr;
}

// Returns whether the output is a folder that may hold other files, which only the log is.
bool IsFolder(const FileReference& output) { return absl::StartsWith(output.key, "train.log"); }

}  // namespace

void CheckPathConflicts(const JobPaths& paths, Diagnostics* diagnostics) {
  for (size_t i = 0; i < paths.outputs.size(); ++i) {
    const FileReference& output = paths.outputs[i];
    const std::string path = CanonicalPath(output);
    if (!IsFolder(output) && paths.trains) CheckPlaceholders(output, diagnostics);
    const FileReference* overwritten = Find(paths.data, path);
    if (overwritten == nullptr) overwritten = FindMatch(paths.data, path);
    if (overwritten == nullptr && !paths.trains) overwritten = Find(paths.weights, path);
    if (overwritten != nullptr) {
      diagnostics->Error(output.location, output.key,
                         absl::StrCat("would overwrite '", output.path, "', which ",
                                      overwritten->key, " reads; give it another path"));
      continue;
    }
    for (size_t j = 0; j < paths.outputs.size(); ++j) {
      const FileReference& other = paths.outputs[j];
      const std::string other_path = CanonicalPath(other);
      if (j < i && other_path == path && other.key != output.key) {
        diagnostics->Warning(
            output.location, output.key,
            absl::StrCat("has the same path as ", other.key, ": each will overwrite the other"));
      }
      if (!IsFolder(other) && absl::StartsWith(path, other_path + "/")) {
        diagnostics->Error(
            output.location, output.key,
            absl::StrCat("would stand in '", other.path, "', which is a file: ", other.key));
      }
    }
  }
}

}  // namespace kur
