#include "server/blobs/blob_store.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "server/blobs/names_in.h"

namespace kur::server {
namespace {

constexpr int kPrivateDirectory = 0700;
constexpr int kPrivateFile = 0600;
// Ends the name of a file that is being removed.
constexpr char kAsideSuffix[] = ".removed";

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

// Removes what an earlier removal has left. If it stays, it takes space, and nothing else.
void RemoveOrWarn(FileSystem& files, const std::string& path) {
  const absl::Status removed = files.Remove(path);
  if (!removed.ok()) spdlog::warn("{}", std::string(removed.message()));
}

// Returns when the file was written; `otherwise` if that cannot be told.
absl::Time WrittenAt(const std::string& path, absl::Time otherwise) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 ? absl::TimeFromTimespec(info.st_mtim) : otherwise;
}

}  // namespace

absl::StatusOr<std::unique_ptr<BlobStore>> BlobStore::Open(FileSystem& files,
                                                           const std::string& root,
                                                           const UploadLimits& limits,
                                                           std::function<absl::Time()> now) {
  KUR_RETURN_IF_ERROR(files.MakeDirectories(root, kPrivateDirectory));
  std::unique_ptr<BlobStore> store(new BlobStore(files, root, limits, std::move(now)));
  KUR_RETURN_IF_ERROR(store->Scan());
  return store;
}

absl::Status BlobStore::Scan() {
  absl::MutexLock lock(&mutex_);
  KUR_ASSIGN_OR_RETURN(const auto owners, files_.ListDirectory(root_));
  for (const std::string& owner : owners) {
    KUR_RETURN_IF_ERROR(ScanUser(owner, &accounts_[owner]));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, BlobStore::File>> BlobStore::ScanFolder(
    const std::string& folder) const {
  KUR_ASSIGN_OR_RETURN(const auto names, NamesIn(files_, folder));
  std::map<std::string, File> found;
  for (const std::string& name : names) {
    const std::string path = JoinPath(folder, name);
    if (absl::EndsWith(name, kAsideSuffix)) RemoveOrWarn(files_, path);
    if (!IsSha256Hex(name)) continue;
    found[name] = {files_.FileSize(path).value_or(0), WrittenAt(path, now_())};
  }
  return found;
}

absl::Status BlobStore::ScanUser(const std::string& owner, Account* account) const {
  const std::string contents = absl::StrCat(root_, "/", owner, "/sha256");
  KUR_ASSIGN_OR_RETURN(const auto folders, NamesIn(files_, contents));
  for (const std::string& folder : folders) {
    KUR_ASSIGN_OR_RETURN(auto found, ScanFolder(JoinPath(contents, folder)));
    account->contents.merge(found);
  }
  KUR_ASSIGN_OR_RETURN(account->parts, ScanFolder(absl::StrCat(root_, "/", owner, "/partial")));
  return absl::OkStatus();
}

std::string BlobStore::PathOf(const std::string& owner, const std::string& digest) const {
  return absl::StrCat(root_, "/", owner, "/sha256/", digest.substr(0, 2), "/", digest);
}

std::string BlobStore::PartialPath(const std::string& owner, const std::string& digest) const {
  return absl::StrCat(root_, "/", owner, "/partial/", digest);
}

bool BlobStore::Use(const std::string& owner, const std::string& digest) {
  // The lock keeps it from being removed between the one and the other.
  absl::MutexLock lock(&mutex_);
  if (!files_.Exists(PathOf(owner, digest))) return false;
  auto& contents = accounts_[owner].contents;
  const auto waiting = contents.find(digest);
  if (waiting != contents.end()) waiting->second.used_at = now_();
  return true;
}

void BlobStore::MarkNamed(const std::string& owner, const std::string& digest) {
  absl::MutexLock lock(&mutex_);
  accounts_[owner].contents.erase(digest);
}

int64_t BlobStore::ReceivedBytes(const std::string& owner, const std::string& digest) const {
  return files_.FileSize(PartialPath(owner, digest)).value_or(0);
}

std::vector<BlobName> BlobStore::Expired() const {
  absl::MutexLock lock(&mutex_);
  const absl::Time oldest = now_() - limits_.waiting_age;
  std::vector<BlobName> expired;
  for (const auto& [owner, account] : accounts_) {
    for (const auto& [digest, content] : account.contents) {
      if (content.used_at < oldest) expired.push_back({owner, digest});
    }
  }
  return expired;
}

absl::StatusOr<std::string> BlobStore::SetAside(const std::string& path) {
  std::string aside = path + kAsideSuffix;
  KUR_RETURN_IF_ERROR(files_.Rename(path, aside));
  return aside;
}

absl::Status BlobStore::RemoveExpired(const BlobName& name) {
  std::string aside;
  {
    absl::MutexLock lock(&mutex_);
    auto& contents = accounts_[name.owner].contents;
    const auto found = contents.find(name.digest);
    if (found == contents.end() || found->second.used_at >= now_() - limits_.waiting_age) {
      return absl::OkStatus();
    }
    auto renamed = SetAside(PathOf(name.owner, name.digest));
    if (renamed.ok() || absl::IsNotFound(renamed.status())) contents.erase(found);
    KUR_RETURN_IF_ERROR(renamed.status());
    aside = *std::move(renamed);
  }
  return files_.Remove(aside);
}

absl::Status BlobStore::RemoveExpiredParts() {
  absl::Status failure;
  std::vector<std::string> aside;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time oldest = now_() - limits_.part_age;
    for (auto& [owner, account] : accounts_) {
      for (auto part = account.parts.begin(); part != account.parts.end();) {
        if (part->second.used_at >= oldest) {
          ++part;
          continue;
        }
        auto renamed = SetAside(PartialPath(owner, part->first));
        failure.Update(renamed.status());
        const bool gone = renamed.ok() || absl::IsNotFound(renamed.status());
        if (renamed.ok()) aside.push_back(*std::move(renamed));
        part = gone ? account.parts.erase(part) : std::next(part);
      }
    }
  }
  for (const std::string& path : aside) failure.Update(files_.Remove(path));
  return failure;
}

absl::Status BlobStore::CheckLimits(const std::string& owner, const Account& account,
                                    const std::string& digest, int64_t size) const {
  if (static_cast<int>(account.uploading.size()) >= limits_.uploads) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "user '", owner, "' has ", account.uploading.size(), " uploads under way, and may have ",
        limits_.uploads, " at the same time; wait until one has ended"));
  }
  int64_t waiting = 0;
  for (const auto& [name, content] : account.contents) waiting += content.bytes;
  for (const auto& [name, part] : account.parts) waiting += name == digest ? 0 : part.bytes;
  for (const auto& [name, announced] : account.uploading) waiting += announced;
  if (size <= limits_.waiting_bytes - waiting) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "user '", owner, "' has ", waiting, " bytes of uploads that no job names, and may have ",
      limits_.waiting_bytes, ": these ", size,
      " bytes are too many; submit what names the others, ", "or wait ",
      absl::FormatDuration(limits_.waiting_age), " until they are removed"));
}

void BlobStore::EndUpload(const std::string& owner, const std::string& digest, bool stored) {
  absl::MutexLock lock(&mutex_);
  Account& account = accounts_[owner];
  const auto upload = account.uploading.find(digest);
  if (stored) account.contents[digest] = {upload->second, now_()};
  account.uploading.erase(upload);
  const auto part = files_.FileSize(PartialPath(owner, digest));
  if (part.ok()) account.parts[digest] = {*part, now_()};
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
  if (size > limits_.content_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat("a content of ", size,
                                                     " bytes is over the server's limit of ",
                                                     limits_.content_bytes, " bytes"));
  }
  if (Use(owner, digest)) {
    return absl::AlreadyExistsError(absl::StrCat("content ", digest, " is there"));
  }
  {
    absl::MutexLock lock(&mutex_);
    Account& account = accounts_[owner];
    if (account.uploading.count(digest) > 0) {
      return absl::AbortedError(
          absl::StrCat("content ", digest, " is being uploaded by another call; try again"));
    }
    KUR_RETURN_IF_ERROR(CheckLimits(owner, account, digest, size));
    account.uploading[digest] = size;
    account.parts.erase(digest);
  }
  std::unique_ptr<BlobUpload> upload(new BlobUpload(*this, owner, digest, size));
  // Again, because another upload may just have ended.
  if (Use(owner, digest)) {
    return absl::AlreadyExistsError(absl::StrCat("content ", digest, " is there"));
  }
  const int64_t received = ReceivedBytes(owner, digest);
  if (offset > received) {
    return absl::InvalidArgumentError(absl::StrCat("the upload cannot begin at byte ", offset,
                                                   ": only ", received, " bytes are there"));
  }
  KUR_RETURN_IF_ERROR(upload->Resume(offset));
  return upload;
}

BlobUpload::~BlobUpload() { store_.EndUpload(owner_, digest_, stored_); }

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
  stored_ = true;
  return store_.files_.SyncDirectory(directory);
}

}  // namespace kur::server
