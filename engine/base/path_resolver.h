#ifndef KUR_ENGINE_BASE_PATH_RESOLVER_H_
#define KUR_ENGINE_BASE_PATH_RESOLVER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace kur {

// Resolves the paths of a Kurfile to paths without links; FilesWithoutLinks() opens them. Relative
// paths are resolved in the workspace, or to a frozen input of that name; `~` in the user's folder;
// absolute paths are for reading only and must be below a data root. A path that leads above the
// workspace can only name a frozen input. Links that lead outside are refused. Immutable,
// thread-safe.
class PathResolver {
 public:
  struct Options {
    std::string workspace;                // absolute
    std::string home;                     // absolute
    std::vector<std::string> data_roots;  // absolute; "/" allows everything
    // Frozen inputs: from the path, normalized by NormalizeInputPath(), to an absolute file.
    std::map<std::string, std::string> inputs;
  };

  explicit PathResolver(Options options) : options_(std::move(options)) {}

  // Returns the file to read for `path`. NOT_FOUND if the file does not exist, PERMISSION_DENIED if
  // the job may not read there.
  absl::StatusOr<std::string> ForReading(const std::string& path) const;

  // Returns the file to write for `path`. The file need not exist, and missing parents are not
  // created. INVALID_ARGUMENT if a parent is a file, PERMISSION_DENIED if the folder is not
  // writable.
  absl::StatusOr<std::string> ForWriting(const std::string& path) const;

  const Options& options() const { return options_; }

 private:
  Options options_;
};

// Normalizes a relative path: "./a//b/../c" -> "a/c". INVALID_ARGUMENT if the path is empty,
// absolute, contains NUL or has a name that is too long; PERMISSION_DENIED if it leads above its
// start.
absl::StatusOr<std::string> NormalizeRelativePath(const std::string& path);

// Normalizes the path of an input, which may lead above its start: "../a/../b" -> "../b". The
// result is a key of Options::inputs, never a place in the file system.
absl::StatusOr<std::string> NormalizeInputPath(const std::string& path);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_PATH_RESOLVER_H_
