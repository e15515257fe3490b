#include "server/blobs/blob_store.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

constexpr int kPrivateDirectory = 0700;
constexpr int kPrivateFile = 0600;

// Updates `hash` with the first `size` bytes of a file.
absl::Status HashPrefix(FileSystem& files, const std::string& path, int64_t size, Sha256* hash) {
  KUR_ASSIGN_OR_RETURN(const auto file, files.OpenForReading(path));
  std::vector<char> buffer(size_t{1} << 18);
  for (int64_t offset = 0; offset < size;) {
    const size_t wanted = static_cast<size_t>(std::min<int64_t>(size - offset, buffer.size()));
    KUR_ASSIGN_OR_RETURN(const size_t got, file->Read(offset, wanted, buffer.data()));
    if (got == 0) return absl::DataLossError(path + " became shorter while it was read");
    hash->Update(absl::string_view(buffer.data(), got));
    offset += static_cast<int64_t>(got);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<BlobStore>> BlobStore::Open(FileSystem& files,
                                                           const std::string& root,
                                                           int64_t max_bytes) {
  KUR_RETURN_IF_ERROR(files.MakeDirectories(root, kPrivateDirectory));
  return std::unique_ptr<BlobStore>(new BlobStore(files, root, max_bytes));
}

std::string BlobStore::PathOf(const std::string& owner, const std::string& digest) const {
  return absl::StrCat(root_, "/", owner, "/sha256/", digest.substr(0, 2), "/", digest);
}

std::string BlobStore::PartialPath(const std::string& owner, const std::string& digest) const {
  return absl::StrCat(root_, "/", owner, "/partial/", digest);
}

bool BlobStore::Has(const std::string& owner, const std::string& digest) const {
  return files_.Exists(PathOf(owner, digest));
}

int64_t BlobStore::ReceivedBytes(const std::string& owner, const std::string& digest) const {
  return files_.FileSize(PartialPath(owner, digest)).value_or(0);
}

void BlobStore::EndUpload(const std::string& partial_path) {
  absl::MutexLock lock(&mutex_);
  uploading_.erase(partial_path);
}

absl::StatusOr<std::unique_ptr<BlobUpload>> BlobStore::BeginUpload(const std::string& owner,
                                                                   const std::string& digest,
                                                                   int64_t size, int64_t offset) {
  if (!IsSha256Hex(digest)) {
    return absl::InvalidArgumentError("sha256 must be 64 lower-case hexadecimal digits");
  }
  if (size < 0 || offset < 0 || offset > size) {
    return absl::InvalidArgumentError(
        absl::StrCat("an upload of ", size, " bytes cannot begin at ", offset));
  }
  if (size > max_bytes_) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "a content of ", size, " bytes is over the server's limit of ", max_bytes_, " bytes"));
  }
  {
    absl::MutexLock lock(&mutex_);
    if (!uploading_.insert(PartialPath(owner, digest)).second) {
      return absl::AbortedError(
          absl::StrCat("content ", digest, " is being uploaded by another call; try again"));
    }
  }
  std::unique_ptr<BlobUpload> upload(new BlobUpload(*this, owner, digest, size));
  // Checked after `uploading_`, because another upload may just have ended.
  if (Has(owner, digest))
    return absl::AlreadyExistsError(absl::StrCat("content ", digest, " is there"));
  const int64_t received = ReceivedBytes(owner, digest);
  if (offset > received) {
    return absl::InvalidArgumentError(absl::StrCat("the upload cannot begin at byte ", offset,
                                                   ": only ", received, " bytes are there"));
  }
  KUR_RETURN_IF_ERROR(upload->Resume(offset));
  return upload;
}

BlobUpload::~BlobUpload() { store_.EndUpload(partial_path_); }

absl::Status BlobUpload::Resume(int64_t offset) {
  FileSystem& files = store_.files_;
  if (offset > 0) KUR_RETURN_IF_ERROR(HashPrefix(files, partial_path_, offset, &hash_));
  KUR_RETURN_IF_ERROR(files.MakeDirectories(DirectoryOf(partial_path_), kPrivateDirectory));
  KUR_ASSIGN_OR_RETURN(file_,
                       files.OpenForAppend(partial_path_, /*truncate=*/offset == 0, kPrivateFile));
  KUR_RETURN_IF_ERROR(file_->Truncate(offset));
  received_ = offset;
  return absl::OkStatus();
}

absl::Status BlobUpload::Write(absl::string_view data) {
  if (static_cast<int64_t>(data.size()) > size_ - received_) {
    return absl::InvalidArgumentError(
        absl::StrCat("the upload has more than the ", size_, " bytes that it announced"));
  }
  const absl::Status written = file_->Append(data);
  if (absl::IsResourceExhausted(written)) {
    // A part that cannot be completed must not fill the disk.
    store_.files_.Remove(partial_path_).IgnoreError();
  }
  KUR_RETURN_IF_ERROR(written);
  hash_.Update(data);
  received_ += static_cast<int64_t>(data.size());
  return absl::OkStatus();
}

absl::Status BlobUpload::Finish() {
  if (received_ < size_) {
    return absl::AbortedError(
        absl::StrCat("the upload stopped at ", received_, " of ", size_, " bytes; continue there"));
  }
  if (hash_.Hex() != digest_) {
    KUR_RETURN_IF_ERROR(store_.files_.Remove(partial_path_));
    return absl::InvalidArgumentError(
        absl::StrCat("the bytes do not have the digest ", digest_, "; upload them anew"));
  }
  return Publish();
}

absl::Status BlobUpload::Publish() {
  const std::string directory = DirectoryOf(path_);
  absl::Status synced = file_->Sync();
  if (!synced.ok()) {
    // The page cache may still hold what the disk has lost: nobody may continue from the part.
    store_.files_.Remove(partial_path_).IgnoreError();
    return synced;
  }
  KUR_RETURN_IF_ERROR(file_->Close());
  KUR_RETURN_IF_ERROR(store_.files_.MakeDirectories(directory, kPrivateDirectory));
  KUR_RETURN_IF_ERROR(store_.files_.Rename(partial_path_, path_));
  return store_.files_.SyncDirectory(directory);
}

}  // namespace kur::server
