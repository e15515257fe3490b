#ifndef KUR_ENGINE_KURFILE_YAML_LOADER_H_
#define KUR_ENGINE_KURFILE_YAML_LOADER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/yaml/source_tree.h"
#include "engine/value/value.h"

namespace kur {

// Reads a Kurfile and merges its includes. One object reads one Kurfile. Not thread-safe.
class Loader {
 public:
  // Messages show files relative to `display_root`. `sources` must outlive the loader.
  explicit Loader(std::string display_root = "", const SourceTree& sources = SourceTree::Disk())
      : display_root_(std::move(display_root)), sources_(sources) {}

  // Returns the value of `path` merged over its includes, without the `include` keys. Reads each
  // file once; a second include of the same file adds nothing. A circular include is an error.
  absl::StatusOr<Value> Load(const std::string& path);

  // Returns every file that was read, the Kurfile first.
  const std::vector<std::string>& files() const { return files_; }

 private:
  absl::StatusOr<Value> LoadFile(const std::string& path, const Location& included_at);
  absl::StatusOr<Value> LoadIncludes(const std::string& path, const Value& include, Value data);
  absl::StatusOr<std::vector<std::string>> FindIncluded(const std::string& includer,
                                                        const Value& source) const;

  const std::string display_root_;
  const SourceTree& sources_;
  std::vector<std::string> files_;
  std::vector<std::string> identities_;  // of files_
  std::vector<std::string> open_;        // identities of the files that are being loaded
};

// Applies one override, PATH=VALUE, with a PATH as in "train.data[0].mnist.images" and a VALUE in
// YAML. Creates missing dictionaries; list elements must exist. The path has a bounded number of
// parts.
absl::StatusOr<Value> ApplyOverride(const Value& value, const std::string& override_text);

// Returns the files that match a shell pattern, sorted. "**" matches any number of folders.
// INVALID_ARGUMENT if there are too many entries to look at.
absl::StatusOr<std::vector<std::string>> Glob(const SourceTree& sources,
                                              const std::string& pattern);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_YAML_LOADER_H_
