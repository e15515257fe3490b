#include "client/transfer/uploader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "client/backoff.h"
#include "engine/base/status.h"
#include "engine/base/unique_fd.h"

namespace kur::client {
namespace {

constexpr size_t kChunkBytes = 256 << 10;
constexpr size_t kMaxDigests = 10'000;

absl::Status ChangedError(const LocalFile& file) {
  return absl::AbortedError(
      absl::StrCat(file.path, " was changed while it was being sent; submit again"));
}

// Reads up to `size` bytes at `offset`; fewer only at the end of the file.
absl::Status ReadAt(const UniqueFd& fd, const LocalFile& file, int64_t offset, size_t size,
                    std::string* data) {
  data->resize(size);
  size_t have = 0;
  while (have < size) {
    const ssize_t got = pread(fd.get(), data->data() + have, size - have,
                              static_cast<off_t>(offset + static_cast<int64_t>(have)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoToStatus(errno, file.path);
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  data->resize(have);
  return absl::OkStatus();
}

}  // namespace

absl::Status Uploader::UploadMissing(const std::vector<LocalFile>& files) {
  std::map<std::string, const LocalFile*> by_digest;
  for (const LocalFile& file : files) by_digest.emplace(file.sha256, &file);
  std::vector<std::string> digests;
  digests.reserve(by_digest.size());
  for (const auto& entry : by_digest) digests.push_back(entry.first);
  KUR_ASSIGN_OR_RETURN(const auto missing, FindMissing(digests));
  for (const v1::MissingBlob& blob : missing) {
    const auto it = by_digest.find(blob.sha256());
    if (it == by_digest.end()) continue;
    KUR_RETURN_IF_ERROR(Upload(*it->second, blob.received()));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::MissingBlob>> Uploader::FindMissing(
    const std::vector<std::string>& digests) {
  std::vector<v1::MissingBlob> missing;
  for (size_t begin = 0; begin < digests.size(); begin += kMaxDigests) {
    v1::FindMissingBlobsRequest request;
    const size_t end = std::min(digests.size(), begin + kMaxDigests);
    for (size_t i = begin; i < end; ++i) request.add_sha256(digests[i]);
    KUR_ASSIGN_OR_RETURN(const auto response,
                         connection_.Call(&v1::Blobs::Stub::FindMissingBlobs, request));
    missing.insert(missing.end(), response.missing().begin(), response.missing().end());
  }
  return missing;
}

absl::Status Uploader::Upload(const LocalFile& file, int64_t offset) {
  Backoff backoff(kRetryTimeout);
  while (true) {
    absl::Status status = Attempt(file, offset);
    if (status.ok() || !IsTransient(status)) return status;
    absl::StatusOr<std::vector<v1::MissingBlob>> missing = status;
    while (!missing.ok()) {
      if (!IsTransient(missing.status())) return missing.status();
      const absl::Duration pause = backoff.NextDelay(clock_.Now());
      if (pause == absl::InfiniteDuration()) return missing.status();
      clock_.SleepFor(pause);
      missing = FindMissing({file.sha256});
    }
    if (missing->empty()) return absl::OkStatus();
    if (missing->front().received() > offset) backoff.Reset();
    offset = missing->front().received();
  }
}

absl::Status Uploader::Attempt(const LocalFile& file, int64_t offset) {
  const UniqueFd fd(open(file.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoToStatus(errno, file.path);
  grpc::ClientContext context;
  connection_.Prepare(&context);
  v1::UploadBlobResponse response;
  const auto writer = connection_.blobs().UploadBlob(&context, &response);
  Transfer transfer = {"uploading", file.path, offset, file.size};
  v1::UploadBlobRequest request;
  request.set_sha256(file.sha256);
  request.set_size(file.size);
  request.set_offset(offset);
  absl::Status local;
  bool open_stream = true;
  do {
    const auto size = std::min<int64_t>(kChunkBytes, file.size - transfer.done);
    local = ReadAt(fd, file, transfer.done, static_cast<size_t>(size), request.mutable_data());
    if (local.ok() && static_cast<int64_t>(request.data().size()) < size)
      local = ChangedError(file);
    if (!local.ok()) break;
    open_stream = writer->Write(request);
    transfer.done += size;
    observer_(transfer);
    request.Clear();
  } while (open_stream && transfer.done < file.size);
  if (!local.ok()) context.TryCancel();
  if (open_stream) writer->WritesDone();
  const absl::Status remote = connection_.ToStatus(writer->Finish());
  if (!local.ok()) return local;
  // The digest matched when the file was hashed: the file has changed since.
  return absl::IsInvalidArgument(remote) ? Annotate(remote, file.path) : remote;
}

}  // namespace kur::client
