#ifndef KUR_ENGINE_BASE_PATH_RESOLVER_H_
#define KUR_ENGINE_BASE_PATH_RESOLVER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace kur {

// Turns the paths of a Kurfile into paths of this machine, and keeps them where they may be:
// relative ones in the workspace (or a frozen input of that name), `~` in the user's own folder,
// absolute ones in the data roots (reading only). A path that leads above the workspace can only
// name a frozen input; symbolic links that lead outside are refused. Immutable, thread-safe.
class PathResolver {
 public:
  struct Options {
    std::string workspace;                // absolute
    std::string home;                     // absolute
    std::vector<std::string> data_roots;  // absolute; "/" allows everything
    // Frozen inputs: the path as NormalizeInputPath() gives it -> an absolute file.
    std::map<std::string, std::string> inputs;
  };

  explicit PathResolver(Options options) : options_(std::move(options)) {}

  // The file to read for `path`. NOT_FOUND if nothing is there, PERMISSION_DENIED if it lies
  // outside of what may be read.
  absl::StatusOr<std::string> ForReading(const std::string& path) const;

  // The file to write for `path`; it need not exist, and its missing parents are not created.
  // INVALID_ARGUMENT if a file stands where a folder would have to, PERMISSION_DENIED if the folder
  // takes no files.
  absl::StatusOr<std::string> ForWriting(const std::string& path) const;

  const Options& options() const { return options_; }

 private:
  Options options_;
};

// "./a//b/../c" -> "a/c". INVALID_ARGUMENT for a path that is empty, absolute, holds NUL or a name
// that is too long, or leads above its start.
absl::StatusOr<std::string> NormalizeRelativePath(const std::string& path);

// The same for what is only read, and may lead above its start: "../a/../b" -> "../b". Such a path
// is a name of something, never a place in the file system.
absl::StatusOr<std::string> NormalizeInputPath(const std::string& path);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_PATH_RESOLVER_H_
