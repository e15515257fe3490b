#include "server/store/disk_reserve.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

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

// Returns how much of the file is there and takes space; 0 if there is none.
int64_t HeldBytes(const std::string& path) {
  constexpr int64_t kBlockBytes = 512;
  struct stat file;
  if (stat(path.c_str(), &file) != 0) return 0;
  return std::min<int64_t>(file.st_size, file.st_blocks * kBlockBytes);
}

}  // namespace

DiskReserve::DiskReserve(std::string path) : path_(std::move(path)) {
  is_whole_ = HeldBytes(path_) == kBytes;
  Refill();
}

bool DiskReserve::GiveUpPiece() {
  // Looks, because an attempt that failed half-way holds some, and somebody may have removed it.
  const int64_t held = HeldBytes(path_);
  is_whole_ = false;
  if (held == 0) return false;
  const int64_t kept = std::max<int64_t>(0, held - kPieceBytes);
  if (truncate(path_.c_str(), kept) != 0) return false;
  spdlog::warn("the disk is full: using space that is held in reserve, {} KiB are left of it",
               kept >> 10);
  return true;
}

void DiskReserve::Refill() {
  if (is_whole_ || !HasRoom(path_)) return;
  is_whole_ = Allocate();
}

bool DiskReserve::Allocate() const {
  const UniqueFd file(open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  return file.valid() && posix_fallocate(file.get(), 0, kBytes) == 0;
}

}  // namespace kur::server
