#include "server/confinement/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

// Newer than Debian 12's headers.
constexpr uint64_t kTruncate = 1U << 14;             // LANDLOCK_ACCESS_FS_TRUNCATE: version 3
constexpr uint64_t kControlDevice = 1U << 15;        // LANDLOCK_ACCESS_FS_IOCTL_DEV: version 5
constexpr uint64_t kBindTcp = 1U << 0;               // LANDLOCK_ACCESS_NET_BIND_TCP: version 4
constexpr uint64_t kScopes = (1U << 0) | (1U << 1);  // abstract sockets and signals: version 6

// struct landlock_ruleset_attr of version 6; an older kernel accepts zeros for what it lacks.
struct RulesetAttributes {
  uint64_t files;
  uint64_t network;
  uint64_t scopes;
};

constexpr uint64_t kReadRights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr uint64_t kWriteRights = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                  LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                  LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REFER |
                                  kTruncate;
// Those that a file which is no folder can have.
constexpr uint64_t kRightsToFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                                    LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate | kControlDevice;

// All rights that the version knows; one that is not among them is not restricted.
uint64_t KnownRights(int version) {
  uint64_t rights = (LANDLOCK_ACCESS_FS_REFER << 1) - 1;
  if (version >= 3) rights |= kTruncate;
  if (version >= 5) rights |= kControlDevice;
  return rights;
}

uint64_t RightsOf(FileAccess access) {
  switch (access) {
    case FileAccess::kRead:
      return kReadRights;
    case FileAccess::kReadAndExecute:
      return kReadRights | LANDLOCK_ACCESS_FS_EXECUTE;
    case FileAccess::kReadAndWrite:
      return kReadRights | kWriteRights;
    case FileAccess::kUseDevice:
      return kReadRights | LANDLOCK_ACCESS_FS_WRITE_FILE | kControlDevice;
  }
  return 0;
}

// Safe between fork and exec. Returns 0, else the number of an error.
int AddRule(int ruleset, int file, uint64_t rights) {
  struct stat info;
  if (fstat(file, &info) != 0) return errno;
  if (!S_ISDIR(info.st_mode)) rights &= kRightsToFiles;
  landlock_path_beneath_attr rule = {};
  rule.allowed_access = rights;
  rule.parent_fd = file;
  return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ? 0
                                                                                            : errno;
}

}  // namespace

int LandlockVersion() {
  const long version =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return static_cast<int>(std::max(version, 0L));
}

absl::StatusOr<UniqueFd> PrepareConfinement(const std::vector<FileRule>& rules) {
  const int version = LandlockVersion();
  if (version < kNeededLandlock) {
    return absl::FailedPreconditionError("this kernel cannot confine workers to their files");
  }
  const uint64_t known = KnownRights(version);
  RulesetAttributes attributes = {known, version >= 4 ? kBindTcp : 0, version >= 6 ? kScopes : 0};
  UniqueFd ruleset(static_cast<int>(
      syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), /*flags=*/0)));
  if (!ruleset.valid()) return ErrnoToStatus(errno, "confining workers to their files");
  for (const FileRule& rule : rules) {
    const UniqueFd file(open(rule.path.c_str(), O_PATH | O_CLOEXEC));
    if (!file.valid() && (errno == ENOENT || errno == ENOTDIR || errno == EACCES)) continue;
    if (!file.valid()) return ErrnoToStatus(errno, absl::StrCat("opening ", rule.path));
    const int error = AddRule(ruleset.get(), file.get(), RightsOf(rule.access) & known);
    if (error != 0) return ErrnoToStatus(error, absl::StrCat("allowing ", rule.path));
  }
  return ruleset;
}

int EnterConfinement(int prepared) {
  for (const char* path : kProcessFiles) {
    const int file = open(path, O_PATH);
    if (file < 0) continue;
    const int error = AddRule(prepared, file, kReadRights);
    if (error != 0) return error;
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return syscall(SYS_landlock_restrict_self, prepared, 0) == 0 ? 0 : errno;
}

absl::Status ConfineFiles(const std::vector<FileRule>& rules) {
  KUR_ASSIGN_OR_RETURN(const UniqueFd prepared, PrepareConfinement(rules));
  const int error = EnterConfinement(prepared.get());
  if (error == 0) return absl::OkStatus();
  return ErrnoToStatus(error, "confining this process to its files");
}

}  // namespace kur::server
