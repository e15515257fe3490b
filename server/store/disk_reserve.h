#ifndef KUR_SERVER_STORE_DISK_RESERVE_H_
#define KUR_SERVER_STORE_DISK_RESERVE_H_

#include <cstdint>
#include <string>
#include <utility>

namespace kur::server {

// Space on a disk that is held for when the disk is full, as a file of zeros: what must be written
// then, such as that a job is cancelled, is small. Given up piece by piece, because others who
// write to the disk may take a piece first. Not thread-safe.
class DiskReserve {
 public:
  // Far more than the database and the events need to end every job.
  static constexpr int64_t kBytes = int64_t{8} << 20;
  static constexpr int64_t kPieceBytes = int64_t{256} << 10;

  // Uses the file at `path`, which an earlier reserve may have left, or makes it.
  explicit DiskReserve(std::string path);

  // Frees a piece of the space. Returns false if there was none.
  bool GiveUpPiece();

  // Takes the space again that was given up, once there is room for much more than that. To be
  // called again and again: it may fail, and holds what it has got then.
  void Refill();

 private:
  bool Allocate() const;

  const std::string path_;
  bool is_whole_ = false;  // as far as is known
};

}  // namespace kur::server

#endif  // KUR_SERVER_STORE_DISK_RESERVE_H_
