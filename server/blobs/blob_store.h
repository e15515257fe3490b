#ifndef KUR_SERVER_BLOBS_BLOB_STORE_H_
#define KUR_SERVER_BLOBS_BLOB_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/file_system.h"
#include "engine/base/sha256.h"

namespace kur::server {

class BlobUpload;

// Stores the contents of each user by their SHA-256 as ROOT/USER/sha256/ab/abcd…, and the parts of
// his interrupted uploads in ROOT/USER/partial/. Users share nothing, so that nobody learns what
// another has uploaded. A stored content is complete, durable and immutable. Thread-safe.
//
// An owner is the valid name of a user, which is safe as a part of a path.
class BlobStore {
 public:
  static constexpr int64_t kDefaultMaxBytes = int64_t{64} << 30;

  // Opens or creates the store in `root`. Refuses contents of more than `max_bytes`. `files` must
  // outlive the store.
  static absl::StatusOr<std::unique_ptr<BlobStore>> Open(FileSystem& files, const std::string& root,
                                                         int64_t max_bytes = kDefaultMaxBytes);

  // Returns whether the owner's content is stored.
  bool Has(const std::string& owner, const std::string& digest) const;
  // Returns the path of the content, whether it is stored or not.
  std::string PathOf(const std::string& owner, const std::string& digest) const;
  // Returns the size in bytes of the part that an interrupted upload left; 0 if there is none.
  int64_t ReceivedBytes(const std::string& owner, const std::string& digest) const;

  // Begins an upload, or resumes one at `offset`, which is at most ReceivedBytes(). Drops the part
  // after `offset` and hashes the part before it, which may take a while. Returns INVALID_ARGUMENT
  // for a malformed digest, size or offset, RESOURCE_EXHAUSTED over the size limit, ABORTED while
  // another upload of the owner's content is in progress, ALREADY_EXISTS if it is stored. The
  // upload must not outlive the store.
  absl::StatusOr<std::unique_ptr<BlobUpload>> BeginUpload(const std::string& owner,
                                                          const std::string& digest, int64_t size,
                                                          int64_t offset);

 private:
  friend class BlobUpload;
  BlobStore(FileSystem& files, std::string root, int64_t max_bytes)
      : files_(files), root_(std::move(root)), max_bytes_(max_bytes) {}

  std::string PartialPath(const std::string& owner, const std::string& digest) const;
  void EndUpload(const std::string& partial_path);

  FileSystem& files_;
  const std::string root_;
  const int64_t max_bytes_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_set<std::string> uploading_ ABSL_GUARDED_BY(mutex_);  // paths of the parts
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
        path_(store.PathOf(owner, digest)),
        partial_path_(store.PartialPath(owner, digest)),
        digest_(std::move(digest)),
        size_(size) {}

  // Cuts the part to `offset` bytes, hashes these and opens the part for appending.
  absl::Status Resume(int64_t offset);
  absl::Status Publish();

  BlobStore& store_;
  const std::string path_;
  const std::string partial_path_;
  const std::string digest_;
  const int64_t size_;
  int64_t received_ = 0;
  Sha256 hash_;
  std::unique_ptr<WritableFile> file_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_BLOBS_BLOB_STORE_H_
