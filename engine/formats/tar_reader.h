#ifndef KUR_ENGINE_FORMATS_TAR_READER_H_
#define KUR_ENGINE_FORMATS_TAR_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/unique_fd.h"

struct archive;

namespace kur {

// Limits on archives from untrusted authors. Raise a limit for larger data sets.
struct TarLimits {
  int64_t max_members = 100'000;
  // Uncompressed bytes of all members together.
  int64_t max_bytes = int64_t{16} << 30;
  // Uncompressed bytes for each byte of the archive. Small archives may exceed it.
  int64_t max_ratio = 200;
};

// Reads the files in a tar archive, plain or compressed, one after the other, by libarchive. Writes
// nothing to disk, so names and links in the archive cannot lead anywhere. Not thread-safe.
//
//   KUR_ASSIGN_OR_RETURN(auto reader, TarReader::Open(path));
//   while (true) {
//     KUR_ASSIGN_OR_RETURN(const auto member, reader->Next());
//     if (!member.has_value()) break;
//     if (Wanted(member->name)) KUR_ASSIGN_OR_RETURN(auto content, reader->ReadContent());
//   }
class TarReader {
 public:
  struct Member {
    std::string name;  // as in the archive
    int64_t size = 0;  // bytes, as the archive says
  };

  // Opens an archive. NOT_FOUND, PERMISSION_DENIED; DATA_LOSS if the file is not a tar archive.
  static absl::StatusOr<std::unique_ptr<TarReader>> Open(const std::string& path,
                                                         const TarLimits& limits = {});
  // Reads `data`, which must outlive the reader. Messages call the archive `name`.
  static absl::StatusOr<std::unique_ptr<TarReader>> FromMemory(absl::string_view data,
                                                               std::string name,
                                                               const TarLimits& limits = {});

  // A member that is the same file as another one, or leads to it; paths as in the archive.
  struct Link {
    std::string name;
    std::string
        target;  // of a symbolic link relative to the root of the archive, if it is relative
  };
  // Returns the links among the members so far.
  const std::vector<Link>& links() const { return links_; }

  // Returns the next regular file, or nothing at the end; skips every other member. DATA_LOSS for
  // damage, RESOURCE_EXHAUSTED beyond a limit; both name the archive.
  absl::StatusOr<std::optional<Member>> Next();

  // Returns the content of the member that Next() returned. Call at most once for each member.
  absl::StatusOr<std::string> ReadContent();

 private:
  struct Closer {
    void operator()(archive* handle) const;
  };

  TarReader(std::string name, int64_t archive_size, const TarLimits& limits);

  absl::Status Failed() const;
  // Counts `bytes` uncompressed bytes and checks the limits.
  absl::Status CountBytes(int64_t bytes);

  std::string name_;
  int64_t archive_size_;
  TarLimits limits_;
  int64_t members_ = 0;
  int64_t bytes_ = 0;
  std::vector<Link> links_;
  UniqueFd file_;  // what `archive_` reads; invalid in memory
  std::unique_ptr<archive, Closer> archive_;
};

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_TAR_READER_H_
