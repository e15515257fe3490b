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

// Contents by SHA-256: ROOT/sha256/ab/abcd…, and what interrupted uploads left in ROOT/partial/.
// A content that is there is whole, durable and never changes. Thread-safe.
class BlobStore {
 public:
  static constexpr int64_t kDefaultMaxBytes = int64_t{64} << 30;

  static absl::StatusOr<std::unique_ptr<BlobStore>> Open(FileSystem& files, const std::string& root,
                                                         int64_t max_bytes = kDefaultMaxBytes);

  bool Has(const std::string& digest) const;
  // The file that holds, or would hold, the content.
  std::string PathOf(const std::string& digest) const;
  // Bytes that an interrupted upload of the content left.
  int64_t ReceivedBytes(const std::string& digest) const;

  // Begins or continues an upload at `offset`, which is at most ReceivedBytes(); what was received
  // beyond it is dropped, what is before it is read and hashed again. INVALID_ARGUMENT for a bad
  // digest, size or offset; RESOURCE_EXHAUSTED over the size limit; ABORTED while the same content
  // is being uploaded by someone else; ALREADY_EXISTS when it is there. The upload must not outlive
  // the store.
  absl::StatusOr<std::unique_ptr<BlobUpload>> BeginUpload(const std::string& digest, int64_t size,
                                                          int64_t offset);

 private:
  friend class BlobUpload;
  BlobStore(FileSystem& files, std::string root, int64_t max_bytes)
      : files_(files), root_(std::move(root)), max_bytes_(max_bytes) {}

  std::string PartialPath(const std::string& digest) const;
  void Release(const std::string& digest);

  FileSystem& files_;
  const std::string root_;
  const int64_t max_bytes_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_set<std::string> uploading_ ABSL_GUARDED_BY(mutex_);
};

// One upload in progress. Destroying it without Finish() leaves the part for a later upload. Not
// thread-safe.
class BlobUpload {
 public:
  ~BlobUpload();

  // INVALID_ARGUMENT for more bytes than were announced; RESOURCE_EXHAUSTED on a full disk.
  absl::Status Write(absl::string_view data);

  // Checks the digest and makes the content durable. ABORTED if bytes are missing (the part is
  // kept), INVALID_ARGUMENT if they do not have the digest (the part is removed).
  absl::Status Finish();

 private:
  friend class BlobStore;
  BlobUpload(BlobStore& store, std::string digest, int64_t size)
      : store_(store), digest_(std::move(digest)), size_(size) {}

  // Cuts the part to `offset` bytes, hashes them and opens the file behind them.
  absl::Status Resume(int64_t offset);
  absl::Status Publish();

  BlobStore& store_;
  const std::string digest_;
  const int64_t size_;
  int64_t received_ = 0;
  Sha256 hash_;
  std::unique_ptr<WritableFile> file_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_BLOBS_BLOB_STORE_H_
