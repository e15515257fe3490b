#include "engine/base/file_identity.h"

#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur {

absl::StatusOr<std::string> FileIdentity(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return ErrnoToStatus(errno, "cannot find " + path);
  return absl::StrCat(status.st_dev, ":", status.st_ino);
}

}  // namespace kur
