#include "server/store/disk_reserve.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "engine/base/file_system.h"
#include "engine/base/unique_fd.h"

namespace kur::server {
namespace {

// Others write to the disk, too: the reserve is no reason for it to be full.
constexpr int64_t kRoomInReserves = 4;

bool HasRoom(const std::string& path) {
  struct statvfs disk;
  if (statvfs(DirectoryOf(path).c_str(), &disk) != 0) return false;
  return static_cast<int64_t>(disk.f_bavail) * static_cast<int64_t>(disk.f_frsize) >=
         kRoomInReserves * DiskReserve::kBytes;
}

}  // namespace

DiskReserve::DiskReserve(std::string path) : path_(std::move(path)) {
  struct stat file;
  held_ = stat(path_.c_str(), &file) == 0 && file.st_blocks * int64_t{512} >= kBytes;
  Refill();
}

bool DiskReserve::GiveUp() {
  if (!held_) return false;
  held_ = false;
  if (unlink(path_.c_str()) != 0) return false;
  spdlog::warn("the disk is full: using the space that is held in reserve; free some space");
  return true;
}

void DiskReserve::Refill() {
  if (held_ || !HasRoom(path_)) return;
  held_ = Allocate();
  if (!held_) unlink(path_.c_str());
}

bool DiskReserve::Allocate() const {
  const UniqueFd file(open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  return file.valid() && posix_fallocate(file.get(), 0, kBytes) == 0;
}

}  // namespace kur::server
