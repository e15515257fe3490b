#ifndef KUR_SERVER_BLOBS_BLOB_STORE_H_
#define KUR_SERVER_BLOBS_BLOB_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/base/clock.h"
#include "engine/base/file_system.h"
#include "engine/base/sha256.h"

namespace kur::server {

class BlobUpload;

// What a user may have in a store besides the contents that his jobs name, and for how long.
struct UploadLimits {
  // Of one content.
  int64_t content_bytes = int64_t{64} << 30;
  // Of all that no job names: unfinished uploads, by the size that they announced, included.
  int64_t waiting_bytes = int64_t{256} << 30;
  // Uploads at the same time.
  int uploads = 16;
  // How long the part of an interrupted upload is kept after its last byte.
  absl::Duration part_age = absl::Hours(24);
  // How long a content that no job names is kept after anybody has asked for it.
  absl::Duration waiting_age = absl::Hours(7 * 24);
};

// Whose content, and which.
struct BlobName {
  std::string owner;
  std::string digest;
};

// Stores the contents of each user by their SHA-256 as ROOT/USER/sha256/ab/abcd…, and the parts of
// his interrupted uploads in ROOT/USER/partial/. Users share nothing, so that nobody learns what
// another has uploaded. A stored content is complete, durable and immutable. Thread-safe.
//
// An owner is the valid name of a user, which is safe as a part of a path.
class BlobStore {
 public:
  // Opens or creates the store in `root`. Takes every content for one that no job names, until
  // MarkNamed(). `files` must outlive the store; `now` is the time of day.
  static absl::StatusOr<std::unique_ptr<BlobStore>> Open(
      FileSystem& files, const std::string& root, const UploadLimits& limits = {},
      std::function<absl::Time()> now = TimeOfDay);

  // Returns whether the owner's content is stored. If it is, it stays for `waiting_age` from now
  // on, whether a job names it or not.
  bool Use(const std::string& owner, const std::string& digest);
  // Notes that a job names the content, which therefore stays and is within no limit.
  void MarkNamed(const std::string& owner, const std::string& digest);
  // Returns the path of the content, whether it is stored or not.
  std::string PathOf(const std::string& owner, const std::string& digest) const;
  // Returns the size in bytes of the part that an interrupted upload left; 0 if there is none.
  int64_t ReceivedBytes(const std::string& owner, const std::string& digest) const;

  // Begins an upload, or resumes one at `offset`, which is at most ReceivedBytes(). Drops the part
  // after `offset` and hashes the part before it, which may take a while. Returns INVALID_ARGUMENT
  // for a malformed digest, size or offset, RESOURCE_EXHAUSTED over a limit, ABORTED while
  // another upload of the owner's content is in progress, ALREADY_EXISTS if it is stored. The
  // upload must not outlive the store.
  absl::StatusOr<std::unique_ptr<BlobUpload>> BeginUpload(const std::string& owner,
                                                          const std::string& digest, int64_t size,
                                                          int64_t offset);

  // Returns the contents that no job names, as far as is known, and that are too old.
  std::vector<BlobName> Expired() const;
  // Removes the content, unless it is not Expired() any more.
  absl::Status RemoveExpired(const BlobName& name);
  // Removes the parts of interrupted uploads that are too old. After an error it goes on with the
  // others; returns the first.
  absl::Status RemoveExpiredParts();

 private:
  friend class BlobUpload;
  struct File {
    int64_t bytes;
    absl::Time used_at;
  };
  // What a user has that no job names, by SHA-256.
  struct Account {
    std::map<std::string, File> contents;
    std::map<std::string, File> parts;         // of interrupted uploads
    std::map<std::string, int64_t> uploading;  // with the bytes that were announced
  };

  BlobStore(FileSystem& files, std::string root, const UploadLimits& limits,
            std::function<absl::Time()> now)
      : files_(files), root_(std::move(root)), limits_(limits), now_(std::move(now)) {}

  // Finds what is stored.
  absl::Status Scan();
  absl::Status ScanUser(const std::string& owner, Account* account) const;
  // Returns what is in the folder by its digest. Completes interrupted removals.
  absl::StatusOr<std::map<std::string, File>> ScanFolder(const std::string& folder) const;
  // Renames a file that is to be removed, as removing a large one takes too long under a lock.
  // Returns its new path.
  absl::StatusOr<std::string> SetAside(const std::string& path);

  std::string PartialPath(const std::string& owner, const std::string& digest) const;
  // Returns an error if one more upload would be over a limit of the user's.
  absl::Status CheckLimits(const std::string& owner, const Account& account,
                           const std::string& digest, int64_t size) const;
  void EndUpload(const std::string& owner, const std::string& digest, bool stored);

  FileSystem& files_;
  const std::string root_;
  const UploadLimits limits_;
  const std::function<absl::Time()> now_;
  mutable absl::Mutex mutex_;
  std::map<std::string, Account> accounts_ ABSL_GUARDED_BY(mutex_);  // by user
};

// An upload in progress. The destructor keeps the part for a later upload, unless Finish() has
// succeeded. Not thread-safe.
class BlobUpload {
 public:
  ~BlobUpload();

  // Appends `data`. Returns INVALID_ARGUMENT for more bytes than were announced, RESOURCE_EXHAUSTED
  // on a full disk.
  absl::Status Write(absl::string_view data);

  // Verifies the digest and stores the content durably. Returns ABORTED if bytes are missing (the
  // part is kept), INVALID_ARGUMENT if the digest does not match (the part is removed).
  absl::Status Finish();

 private:
  friend class BlobStore;
  BlobUpload(BlobStore& store, const std::string& owner, std::string digest, int64_t size)
      : store_(store),
        owner_(owner),
        path_(store.PathOf(owner, digest)),
        partial_path_(store.PartialPath(owner, digest)),
        digest_(std::move(digest)),
        size_(size) {}

  // Cuts the part to `offset` bytes, hashes these and opens the part for appending.
  absl::Status Resume(int64_t offset);
  absl::Status Publish();

  BlobStore& store_;
  const std::string owner_;
  const std::string path_;
  const std::string partial_path_;
  const std::string digest_;
  const int64_t size_;
  int64_t received_ = 0;
  bool stored_ = false;
  Sha256 hash_;
  std::unique_ptr<WritableFile> file_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_BLOBS_BLOB_STORE_H_
