#include "engine/base/files_without_links.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "engine/base/open_beneath.h"
#include "engine/base/posix_file_system.h"
#include "engine/base/status.h"

namespace kur {
namespace {

// Opens by OpenBeneath(), from the folder that TrustedPart() names.
class LinklessFileSystem : public PosixFileSystem {
 public:
  // `folder` is as for FilesWithoutLinksIn(); empty: no folder is trusted.
  explicit LinklessFileSystem(std::string folder) : folder_(std::move(folder)) {}

 private:
  absl::StatusOr<UniqueFd> Open(const std::string& path, int flags, mode_t mode) override {
    if (folder_.empty()) return OpenWithoutLinks(path, flags, mode);
    const size_t trusted = TrustedPart(path);
    if (trusted == path.size()) return PosixFileSystem::Open(path, flags, mode);
    KUR_ASSIGN_OR_RETURN(const UniqueFd root,
                         PosixFileSystem::Open(path.substr(0, trusted), O_PATH | O_DIRECTORY, 0));
    return OpenBeneath(root.get(), path.substr(trusted + 1), flags, mode, path);
  }

  absl::StatusOr<Place> Locate(const std::string& path) override {
    KUR_ASSIGN_OR_RETURN(UniqueFd parent, Open(DirectoryOf(path), O_PATH | O_DIRECTORY, 0));
    return Place{std::move(parent), BaseName(path)};
  }

  absl::Status Stat(const std::string& path, struct stat* info) override {
    const auto fd = Open(path, O_PATH, 0);
    // Without a free descriptor nothing can be opened; what is there is there all the same.
    if (absl::IsResourceExhausted(fd.status())) return PosixFileSystem::Stat(path, info);
    if (!fd.ok()) return fd.status();
    return fstat(fd->get(), info) == 0 ? absl::OkStatus() : FailedSystemCall("cannot stat", path);
  }

  // Returns the length of the part of `path` whose links are followed: all of it, unless it leads
  // into a folder of `folder_`.
  size_t TrustedPart(const std::string& path) const {
    if (!absl::StartsWith(path, folder_ + "/")) return path.size();
    return std::min(path.find('/', folder_.size() + 1), path.size());
  }

  const std::string folder_;
};

}  // namespace

FileSystem& FilesWithoutLinks() {
  static auto* files = new LinklessFileSystem("");
  return *files;
}

std::unique_ptr<FileSystem> FilesWithoutLinksIn(const std::string& folder) {
  return std::make_unique<LinklessFileSystem>(folder);
}

}  // namespace kur
