#ifndef KUR_SERVER_STORE_DISK_RESERVE_H_
#define KUR_SERVER_STORE_DISK_RESERVE_H_

#include <cstdint>
#include <string>
#include <utility>

namespace kur::server {

// Space on a disk that is held for when the disk is full, as a file of zeros: what must be written
// then, such as that a job is cancelled, is small. Not thread-safe.
class DiskReserve {
 public:
  // Far more than the database and the events need to end every job.
  static constexpr int64_t kBytes = int64_t{8} << 20;

  // Uses the file at `path`, which an earlier reserve may have left, or makes it.
  explicit DiskReserve(std::string path);

  // Frees the space. Returns false if there was none.
  bool GiveUp();

  // Takes the space again after GiveUp(), once there is room for much more than that.
  void Refill();

 private:
  bool Allocate() const;

  const std::string path_;
  bool held_ = false;
};

}  // namespace kur::server

#endif  // KUR_SERVER_STORE_DISK_RESERVE_H_
