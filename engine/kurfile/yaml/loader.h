#ifndef KUR_ENGINE_KURFILE_YAML_LOADER_H_
#define KUR_ENGINE_KURFILE_YAML_LOADER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/value/value.h"

namespace kur {

// Reads Kurfiles and merges what they include. Not thread-safe; one object reads one Kurfile.
class Loader {
 public:
  struct Options {
    std::string display_root;  // messages show files relative to this folder
    std::string include_root;  // includes may not leave this folder; empty: anywhere
  };

  explicit Loader(Options options) : options_(std::move(options)) {}

  // The value of `path` merged over everything that it includes, without the `include` keys. A
  // file is read once: a second include of it adds nothing. A circular include is an error.
  absl::StatusOr<Value> Load(const std::string& path);

  // Every file that was read, the Kurfile first.
  const std::vector<std::string>& files() const { return files_; }

 private:
  absl::StatusOr<Value> LoadFile(const std::string& path, const Location& included_at);
  absl::StatusOr<Value> LoadIncludes(const std::string& path, const Value& include, Value data);
  absl::StatusOr<std::vector<std::string>> FindIncluded(const std::string& includer,
                                                        const Value& source) const;

  Options options_;
  std::vector<std::string> files_;
  std::vector<std::string> identities_;  // of files_, as device:inode
  std::vector<std::string> open_;        // identities of the files being loaded
};

// Applies one override, PATH=VALUE: PATH as in "train.data[0].mnist.images", VALUE in YAML.
// Dictionaries on the way are made, list elements must be there.
absl::StatusOr<Value> ApplyOverride(const Value& value, const std::string& override_text);

// Files that match a shell pattern in which "**" stands for any number of folders; sorted.
// INVALID_ARGUMENT if that means looking at too many.
absl::StatusOr<std::vector<std::string>> Glob(const std::string& pattern);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_YAML_LOADER_H_
