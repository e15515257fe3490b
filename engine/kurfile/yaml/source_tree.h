#ifndef KUR_ENGINE_KURFILE_YAML_SOURCE_TREE_H_
#define KUR_ENGINE_KURFILE_YAML_SOURCE_TREE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace kur {

// Where a Kurfile and the files that it includes are read from. Implementations are thread-safe.
class SourceTree {
 public:
  virtual ~SourceTree() = default;

  // Returns the files of this machine, which are never destroyed.
  static const SourceTree& Disk();

  // Returns the content of a file. RESOURCE_EXHAUSTED for more than `max_bytes` bytes,
  // INVALID_ARGUMENT for what is no regular file: reading a pipe could block forever.
  virtual absl::StatusOr<std::string> Read(const std::string& path, int64_t max_bytes) const = 0;

  // Returns a text that two paths share if and only if they name the same file.
  virtual absl::StatusOr<std::string> Identify(const std::string& path) const = 0;

  // Returns whether `path` is a file or a folder.
  virtual bool Exists(const std::string& path) const = 0;
  virtual bool IsFolder(const std::string& path) const = 0;

  // Returns the names in a folder, sorted.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& folder) const = 0;

  // Returns whether an include may name `path`.
  virtual bool MayInclude(const std::string& path) const = 0;

  // Returns whether `path`, after following links, lies in `folder`.
  virtual bool IsWithin(const std::string& path, const std::string& folder) const = 0;
};

// Sources that came in a message, by paths relative to their common folder: reading them opens no
// file, and nothing but them can be named. Immutable, thread-safe.
class MemorySourceTree : public SourceTree {
 public:
  // From paths, as NormalizeRelativePath() returns them, to contents.
  explicit MemorySourceTree(std::map<std::string, std::string> files);

  absl::StatusOr<std::string> Read(const std::string& path, int64_t max_bytes) const override;
  absl::StatusOr<std::string> Identify(const std::string& path) const override;
  bool Exists(const std::string& path) const override;
  bool IsFolder(const std::string& path) const override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) const override;
  bool MayInclude(const std::string& path) const override;
  bool IsWithin(const std::string& path, const std::string& folder) const override;

 private:
  const std::map<std::string, std::string> files_;
  std::map<std::string, std::set<std::string>> folders_;  // names by folder; "" is the common one
};

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_YAML_SOURCE_TREE_H_
