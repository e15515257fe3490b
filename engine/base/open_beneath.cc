#include "engine/base/open_beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"

namespace kur {
namespace {

constexpr mode_t kModeBits = 07777;

// Keeps an opening from waiting for the other end of a pipe, and a terminal from becoming kurd's.
int AddSafety(int flags) {
  return flags | O_CLOEXEC | ((flags & O_PATH) != 0 ? 0 : O_NONBLOCK | O_NOCTTY);
}

absl::Status Refuse(int error, const std::string& shown) {
  if (error != ELOOP && error != EXDEV) return ErrnoToStatus(error, "cannot open " + shown);
  return absl::PermissionDeniedError(
      absl::StrCat("cannot open ", shown, ": a link stands where a file or folder was expected"));
}

// Returns the opened file, or why it is none: `fd` is invalid, and errno says why.
absl::StatusOr<UniqueFd> Check(UniqueFd fd, int flags, const std::string& shown) {
  if (!fd.valid()) return Refuse(errno, shown);
  struct stat info = {};
  if (fstat(fd.get(), &info) != 0) return ErrnoToStatus(errno, "cannot stat " + shown);
  if (S_ISLNK(info.st_mode)) return Refuse(ELOOP, shown);
  if ((flags & O_PATH) != 0 || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) return fd;
  return absl::InvalidArgumentError(
      absl::StrCat("cannot open ", shown, ": it is neither a file nor a folder"));
}

// Returns the names that a path goes through, as the kernel does: what ends with '/' is a folder.
std::vector<std::string> Names(const std::string& path) {
  std::vector<std::string> names = absl::StrSplit(path, '/', absl::SkipEmpty());
  if (names.empty() || path.back() == '/') names.emplace_back(".");
  return names;
}

// Returns the error of a path that no kernel is asked about; else 0. A folder that is moved while
// the kernel is in it has another parent, so no path goes up.
int ErrorOf(const std::string& path) {
  if (path.size() >= PATH_MAX) return ENAMETOOLONG;
  if (absl::StrContains(path, '\0')) return EINVAL;
  for (const auto name : absl::StrSplit(path, '/')) {
    if (name == "..") return EXDEV;
  }
  return absl::StartsWith(path, "/") ? EXDEV : 0;
}

// Returns the longest beginning of `path`, up to a whole name, that exists; a link at its end is
// not followed. Empty if there is none.
std::string ExistingBeginning(const std::string& path) {
  std::string beginning = absl::StartsWith(path, "/") ? "/" : "";
  for (size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const std::string longer = path.substr(0, end);
    struct stat info;
    if (lstat(longer.c_str(), &info) != 0) break;
    beginning = longer;
  }
  return beginning;
}

// Appends names to a path without links.
std::string AppendNames(std::string path, absl::string_view names) {
  for (const absl::string_view name : absl::StrSplit(names, '/', absl::SkipEmpty())) {
    if (name == ".") continue;
    path = name == ".." ? DirectoryOf(path) : JoinPath(path, std::string(name));
  }
  return path;
}

}  // namespace

absl::StatusOr<UniqueFd> WalkBeneath(int root, const std::string& path, int flags, mode_t mode,
                                     const std::string& shown) {
  if (const int error = ErrorOf(path); error != 0) return Refuse(error, shown);
  const std::vector<std::string> names = Names(path);
  UniqueFd folder;
  for (size_t i = 0; i + 1 < names.size(); ++i) {
    const int from = folder.valid() ? folder.get() : root;
    KUR_ASSIGN_OR_RETURN(
        folder, Check(UniqueFd(openat(from, names[i].c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)),
                      O_PATH, shown));
  }
  const int from = folder.valid() ? folder.get() : root;
  return Check(UniqueFd(openat(from, names.back().c_str(), AddSafety(flags) | O_NOFOLLOW, mode)),
               flags, shown);
}

absl::StatusOr<UniqueFd> OpenBeneath(int root, const std::string& path, int flags, mode_t mode,
                                     const std::string& shown) {
  if (const int error = ErrorOf(path); error != 0) return Refuse(error, shown);
  struct open_how how = {};
  how.flags = static_cast<uint64_t>(AddSafety(flags));
  how.mode = (flags & O_CREAT) != 0 ? mode & kModeBits : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const std::string name = path.empty() ? "." : path;
  UniqueFd fd(static_cast<int>(syscall(SYS_openat2, root, name.c_str(), &how, sizeof(how))));
  // Some containers forbid what they do not know.
  if (!fd.valid() && (errno == ENOSYS || errno == EPERM)) {
    return WalkBeneath(root, path, flags, mode, shown);
  }
  return Check(std::move(fd), flags, shown);
}

absl::StatusOr<UniqueFd> OpenWithoutLinks(const std::string& path, int flags, mode_t mode) {
  if (path.empty()) return Refuse(ENOENT, "a file without a name");
  const size_t start = path.find_first_not_of('/');
  const UniqueFd root(open(start == 0 ? "." : "/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return Refuse(errno, path);
  return OpenBeneath(root.get(), start == std::string::npos ? "." : path.substr(start), flags, mode,
                     path);
}

// Takes no longer, and no more of the stack, for more names that do not exist.
std::string ResolveLinks(std::string path) {
  constexpr int kMaxLinks = 40;  // the kernel's limit
  char buffer[PATH_MAX];
  for (int links_followed = 0; links_followed <= kMaxLinks; ++links_followed) {
    const std::string beginning = ExistingBeginning(path);
    const std::string rest = path.substr(beginning.size());
    if (realpath(beginning.c_str(), buffer) != nullptr) return AppendNames(buffer, rest);
    const ssize_t target = readlink(beginning.c_str(), buffer, sizeof(buffer));
    if (target < 0) return path;
    const std::string pointed_to(buffer, static_cast<size_t>(target));
    path = JoinPath(DirectoryOf(beginning), pointed_to) + rest;
  }
  return "";
}

}  // namespace kur
