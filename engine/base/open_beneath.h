#ifndef KUR_ENGINE_BASE_OPEN_BENEATH_H_
#define KUR_ENGINE_BASE_OPEN_BENEATH_H_

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"
#include "engine/base/unique_fd.h"

namespace kur {

// Opens files whose path somebody else could bend between the check of the path and its opening, by
// putting a link where a folder was. All functions are thread-safe, follow no symbolic link, and
// add O_CLOEXEC to `flags`. Messages call the file `shown`. PERMISSION_DENIED if a link or ".." is
// in the way, INVALID_ARGUMENT for what is neither file nor folder, such as a pipe, on which nobody
// waits.

// Opens `path`, relative, below the open directory `root` (openat2 with RESOLVE_BENEATH and
// RESOLVE_NO_SYMLINKS; name by name where the kernel has no openat2).
absl::StatusOr<UniqueFd> OpenBeneath(int root, const std::string& path, int flags, mode_t mode,
                                     const std::string& shown);

// Does the same as OpenBeneath(), name by name, on every kernel.
absl::StatusOr<UniqueFd> WalkBeneath(int root, const std::string& path, int flags, mode_t mode,
                                     const std::string& shown);

// Opens `path`, none of whose folders may be a link: what ResolveLinks() has returned.
absl::StatusOr<UniqueFd> OpenWithoutLinks(const std::string& path, int flags, mode_t mode = 0);

// Resolves every symbolic link in `path`. If `path` does not exist, resolves its deepest existing
// parent and appends the rest; a dangling link is replaced by its target. Returns "" if links form
// a circle.
std::string ResolveLinks(std::string path);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_OPEN_BENEATH_H_
