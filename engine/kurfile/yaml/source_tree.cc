#include "engine/kurfile/yaml/source_tree.h"

#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/path_resolver.h"
#include "engine/base/status.h"

namespace kur {
namespace {

// Resolves all links. Returns `path` unchanged if the file does not exist.
std::string ResolveLinks(const std::string& path) {
  char buffer[PATH_MAX];
  return realpath(path.empty() ? "." : path.c_str(), buffer) != nullptr ? buffer : path;
}

class DiskSourceTree : public SourceTree {
 public:
  absl::StatusOr<std::string> Read(const std::string& path, int64_t max_bytes) const override {
    KUR_RETURN_IF_ERROR(Identify(path).status());
    return FileSystem::Posix().Read(path, max_bytes);
  }

  absl::StatusOr<std::string> Identify(const std::string& path) const override {
    struct stat info;
    if (stat(path.c_str(), &info) != 0) return ErrnoToStatus(errno, "cannot read " + path);
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
      return absl::InvalidArgumentError(path + " is no regular file");
    }
    return absl::StrCat(info.st_dev, ":", info.st_ino);
  }

  bool Exists(const std::string& path) const override { return kur::Exists(path); }
  bool IsFolder(const std::string& path) const override { return IsDirectory(path); }
  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) const override {
    return ListDirectory(folder.empty() ? "." : folder);
  }
  bool MayInclude(const std::string&) const override { return true; }

  bool IsWithin(const std::string& path, const std::string& folder) const override {
    // Absolute, so that a file that is not there is inside of it as well.
    const std::string root = ResolveLinks(folder);
    return absl::StartsWith(ResolveLinks(JoinPath(root, path)), root + "/");
  }
};

// Returns the path of a file or folder among the sources; "" for their common folder.
absl::StatusOr<std::string> Normalize(const std::string& path) {
  // With a name after it, because the common folder itself has none.
  KUR_ASSIGN_OR_RETURN(const std::string inside, NormalizeRelativePath(JoinPath(path, "_")));
  const size_t slash = inside.rfind('/');
  return slash == std::string::npos ? "" : inside.substr(0, slash);
}

}  // namespace

const SourceTree& SourceTree::Disk() {
  static const DiskSourceTree* const disk = new DiskSourceTree;
  return *disk;
}

MemorySourceTree::MemorySourceTree(std::map<std::string, std::string> files)
    : files_(std::move(files)) {
  folders_[""];
  for (const auto& [path, content] : files_) {
    std::string inner = path;
    while (!inner.empty()) {
      const size_t slash = inner.rfind('/');
      const std::string outer = slash == std::string::npos ? "" : inner.substr(0, slash);
      folders_[outer].insert(BaseName(inner));
      inner = outer;
    }
  }
}

absl::StatusOr<std::string> MemorySourceTree::Identify(const std::string& path) const {
  const auto normalized = Normalize(path);
  if (normalized.ok() && Exists(*normalized)) return *normalized;
  return absl::NotFoundError(absl::StrCat("cannot read ", path, ": No such file or directory"));
}

absl::StatusOr<std::string> MemorySourceTree::Read(const std::string& path,
                                                   int64_t max_bytes) const {
  KUR_ASSIGN_OR_RETURN(const std::string normalized, Identify(path));
  const auto file = files_.find(normalized);
  if (file == files_.end()) return absl::InvalidArgumentError(path + " is a folder");
  if (static_cast<int64_t>(file->second.size()) > max_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(path, " has more than ", max_bytes, " bytes"));
  }
  return file->second;
}

bool MemorySourceTree::Exists(const std::string& path) const {
  const auto normalized = Normalize(path);
  return normalized.ok() && (files_.count(*normalized) > 0 || folders_.count(*normalized) > 0);
}

bool MemorySourceTree::IsFolder(const std::string& path) const {
  const auto normalized = Normalize(path);
  return normalized.ok() && folders_.count(*normalized) > 0;
}

absl::StatusOr<std::vector<std::string>> MemorySourceTree::List(const std::string& folder) const {
  KUR_ASSIGN_OR_RETURN(const std::string normalized, Normalize(folder));
  const auto names = folders_.find(normalized);
  if (names == folders_.end()) return absl::NotFoundError(folder + ": no such folder");
  return std::vector<std::string>(names->second.begin(), names->second.end());
}

bool MemorySourceTree::MayInclude(const std::string& path) const { return Normalize(path).ok(); }

bool MemorySourceTree::IsWithin(const std::string& path, const std::string& folder) const {
  const auto inside = Normalize(JoinPath(folder, path));
  const auto outer = Normalize(folder);
  if (!inside.ok() || !outer.ok()) return false;
  return outer->empty() || absl::StartsWith(*inside, *outer + "/");
}

}  // namespace kur
