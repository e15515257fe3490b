#include "engine/base/path_resolver.h"

#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "engine/base/file_system.h"
#include "engine/base/files_without_links.h"
#include "engine/base/open_beneath.h"

namespace kur {
namespace {

bool IsBelow(const std::string& path, const std::string& root) {
  if (root.empty()) return false;  // a circle of links
  if (root == "/") return true;
  return path == root || absl::StartsWith(path, root + "/");
}

// Resolves `relative` and its links below `root`. Refuses links that lead out of `root`.
absl::StatusOr<std::string> Confine(const std::string& root, const std::string& relative,
                                    const std::string& shown) {
  auto normalized = NormalizeRelativePath(relative);
  if (!normalized.ok()) return normalized.status();
  std::string path = ResolveLinks(JoinPath(root, *normalized));
  if (!IsBelow(path, ResolveLinks(root))) {
    return absl::PermissionDeniedError(
        absl::StrCat("the path ", shown, " leads outside of its folder through a link"));
  }
  return path;
}

// Checks early what would otherwise fail only when there is something to write: the deepest
// existing parent must be a folder, and writable.
absl::Status CheckWritable(const std::string& path, const std::string& shown) {
  std::string parent = DirectoryOf(path);
  FileSystem& files = FilesWithoutLinks();
  while (!files.Exists(parent) && DirectoryOf(parent) != parent) parent = DirectoryOf(parent);
  if (!files.IsDirectory(parent) && access(parent.c_str(), F_OK) == 0) {
    return absl::InvalidArgumentError(absl::StrCat("there can be no ", shown, ": ",
                                                   BaseName(parent), " is a file, not a folder"));
  }
  if (access(parent.c_str(), W_OK | X_OK) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat("there can be no ", shown, ": its folder is not writable"));
  }
  return absl::OkStatus();
}

// Returns whether a normalized path leads above its start.
bool StartsAbove(const std::string& normalized) { return absl::StartsWith(normalized, "../"); }

bool IsHomePath(const std::string& path) { return path == "~" || absl::StartsWith(path, "~/"); }

absl::StatusOr<std::string> ResolveHome(const std::string& home, const std::string& path) {
  if (path.size() <= 2) return ResolveLinks(home);
  return Confine(home, path.substr(2), path);
}

}  // namespace

absl::StatusOr<std::string> NormalizeRelativePath(const std::string& path) {
  auto normalized = NormalizeInputPath(path);
  if (normalized.ok() && StartsAbove(*normalized)) {
    return absl::PermissionDeniedError("the path " + path + " leads outside of its folder");
  }
  return normalized;
}

absl::StatusOr<std::string> NormalizeInputPath(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("the path is empty");
  if (absl::StrContains(path, '\0')) {
    return absl::InvalidArgumentError("the path contains NUL");
  }
  if (path[0] == '/') return absl::InvalidArgumentError("the path " + path + " is absolute");
  std::vector<std::string> parts;
  for (const auto part : absl::StrSplit(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part.size() > NAME_MAX) {
      return absl::InvalidArgumentError(absl::StrCat("the path has a name of ", part.size(),
                                                     " bytes; file names have at most ", NAME_MAX));
    }
    if (part == ".." && !parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else {
      parts.emplace_back(part);
    }
  }
  if (parts.empty() || parts.back() == "..") {
    return absl::InvalidArgumentError("the path " + path + " names no file");
  }
  return absl::StrJoin(parts, "/");
}

absl::StatusOr<std::string> PathResolver::ForReading(const std::string& path) const {
  absl::StatusOr<std::string> resolved;
  if (IsHomePath(path)) {
    resolved = ResolveHome(options_.home, path);
  } else if (!path.empty() && path[0] == '/') {
    const std::string real = ResolveLinks(path);
    bool allowed = false;
    for (const std::string& root : options_.data_roots) {
      allowed = allowed || IsBelow(real, ResolveLinks(root));
    }
    if (!allowed) {
      return absl::PermissionDeniedError(
          absl::StrCat(path,
                       " is outside of what jobs may read; the operator can allow its folder with "
                       "kurd --data-root"));
    }
    resolved = real;
  } else {
    auto normalized = NormalizeInputPath(path);
    if (!normalized.ok()) return normalized.status();
    const auto input = options_.inputs.find(*normalized);
    if (input == options_.inputs.end() && StartsAbove(*normalized)) {
      return absl::PermissionDeniedError(
          absl::StrCat("the path ", path,
                       " leads outside of the Kurfile's folder, and no file was there to be sent "
                       "with it"));
    }
    resolved = input != options_.inputs.end() ? ResolveLinks(input->second)
                                              : Confine(options_.workspace, *normalized, path);
  }
  if (!resolved.ok()) return resolved;
  const absl::Status found = OpenWithoutLinks(*resolved, O_PATH).status();
  if (found.ok()) return resolved;
  if (absl::IsNotFound(found)) return absl::NotFoundError(absl::StrCat("no such file: ", path));
  return absl::Status(found.code(), absl::StrReplaceAll(found.message(), {{*resolved, path}}));
}

absl::StatusOr<std::string> PathResolver::ForWriting(const std::string& path) const {
  if (IsHomePath(path)) {
    auto resolved = ResolveHome(options_.home, path);
    if (!resolved.ok()) return resolved;
    const absl::Status writable = CheckWritable(*resolved, path);
    return writable.ok() ? resolved : writable;
  }
  if (!path.empty() && path[0] == '/') {
    return absl::PermissionDeniedError(
        absl::StrCat(path, " is absolute; jobs write below the project's workspace or below ~"));
  }
  auto resolved = Confine(options_.workspace, path, path);
  if (!resolved.ok()) return resolved;
  const absl::Status writable = CheckWritable(*resolved, path);
  return writable.ok() ? resolved : writable;
}

}  // namespace kur
