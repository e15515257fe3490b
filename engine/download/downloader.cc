#include "engine/download/downloader.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/file_system.h"
#include "engine/base/open_beneath.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/unique_fd.h"

namespace kur {
namespace {

constexpr int kAttempts = 3;  // at each mirror, after errors that may be temporary

// The partially downloaded file, locked against other processes. Not thread-safe.
class PartFile {
 public:
  // Blocks until no other process has locked the file. Calls `proceed` while waiting; CANCELLED if
  // that returns false.
  static absl::StatusOr<PartFile> OpenLocked(FileSystem& files, const std::string& path,
                                             const std::function<bool()>& proceed) {
    while (true) {
      KUR_ASSIGN_OR_RETURN(UniqueFd lock, OpenWithoutLinks(path, O_RDWR | O_CREAT, 0600));
      while (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return ErrnoToStatus(errno, "locking " + path);
        if (!proceed()) return absl::CancelledError("cancelled");
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
      // The process that held the lock may have renamed the file to its final name.
      struct stat mine = {};
      struct stat current = {};
      if (fstat(lock.get(), &mine) != 0 || stat(path.c_str(), &current) != 0 ||
          mine.st_ino != current.st_ino) {
        continue;
      }
      KUR_ASSIGN_OR_RETURN(auto file, files.OpenForAppend(path, /*truncate=*/false, 0600));
      return PartFile(path, std::move(lock), std::move(file), mine.st_size);
    }
  }

  const std::string& path() const { return path_; }
  int64_t size() const { return size_; }

  // Drops what has been downloaded.
  absl::Status Reset() {
    size_ = 0;
    return file_->Truncate(0);
  }

  absl::Status Append(absl::string_view data) {
    KUR_RETURN_IF_ERROR(file_->Append(data));
    size_ += static_cast<int64_t>(data.size());
    return absl::OkStatus();
  }

  absl::Status Sync() { return file_->Sync(); }

 private:
  PartFile(std::string path, UniqueFd lock, std::unique_ptr<WritableFile> file, int64_t size)
      : path_(std::move(path)), lock_(std::move(lock)), file_(std::move(file)), size_(size) {}

  std::string path_;
  UniqueFd lock_;
  std::unique_ptr<WritableFile> file_;
  int64_t size_;
};

// Appends the missing bytes to the part file. UNAVAILABLE if another attempt may succeed.
absl::Status Transfer(const std::string& url, const HttpLogin& login,
                      const DownloadOptions& options, PartFile* part) {
  HttpRequest request;
  request.url = url;
  request.login = login;
  request.offset = part->size();
  HttpListener listener;
  listener.on_data = [part](absl::string_view data) { return part->Append(data); };
  listener.on_progress = [&](int64_t received, int64_t total) {
    const int64_t all = total > 0 ? request.offset + total : 0;
    const bool go_on = !options.on_progress || options.on_progress(request.offset + received, all);
    return go_on ? absl::OkStatus() : absl::CancelledError("cancelled");
  };
  absl::Status status = options.http->Perform(request, listener);
  if (!absl::IsOutOfRange(status) || request.offset == 0) return status;
  // The server cannot resume there: start over.
  KUR_RETURN_IF_ERROR(part->Reset());
  request.offset = 0;
  return options.http->Perform(request, listener);
}

bool IsRetryable(const absl::Status& status) { return absl::IsUnavailable(status); }

// Returns whether no other mirror could help.
bool IsFinalForAllMirrors(const absl::Status& status) {
  return absl::IsCancelled(status) || absl::IsResourceExhausted(status) || absl::IsInternal(status);
}

absl::Status CheckContent(FileSystem& files, const DownloadRequest& request, const PartFile& part,
                          const std::string& url) {
  if (!request.sha256.has_value()) return absl::OkStatus();
  KUR_ASSIGN_OR_RETURN(const std::string actual, Sha256OfFile(part.path(), files));
  if (actual == *request.sha256) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("what ", RedactUrl(url),
                                          " gives has the wrong checksum: ", "expected ",
                                          *request.sha256, ", found ", actual));
}

// Downloads from one mirror, with retries after errors that may be temporary.
absl::Status DownloadFromMirror(const std::string& url, const DownloadRequest& request,
                                const DownloadOptions& options, PartFile* part) {
  absl::Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(std::chrono::seconds(attempt));
    // Without a checksum nothing shows that the rest belongs to the same content.
    if (!request.sha256.has_value()) KUR_RETURN_IF_ERROR(part->Reset());
    status = Transfer(url, request.login, options, part);
    if (!IsRetryable(status)) break;
  }
  if (!status.ok()) return status;
  status = CheckContent(*options.files, request, *part, url);
  if (!status.ok()) part->Reset().IgnoreError();
  return status;
}

absl::Status DownloadFromAnyMirror(const DownloadRequest& request, const DownloadOptions& options,
                                   PartFile* part) {
  absl::Status status = absl::InvalidArgumentError("there is no url");
  std::vector<std::string> reasons;
  for (const std::string& url : request.urls) {
    status = DownloadFromMirror(url, request, options, part);
    if (status.ok() || IsFinalForAllMirrors(status)) return status;
    reasons.push_back(absl::StrCat("from ", RedactUrl(url), ": ", status.message()));
  }
  const bool one = request.urls.size() == 1;
  return {one && !absl::IsNotFound(status) ? status.code() : absl::StatusCode::kUnavailable,
          absl::StrCat("cannot download ", absl::StrJoin(reasons, "; "))};
}

bool HasContent(FileSystem& files, const std::string& path,
                const std::optional<std::string>& sha256) {
  if (!files.Exists(path) || files.IsDirectory(path)) return false;
  if (!sha256.has_value()) return true;
  const auto actual = Sha256OfFile(path, files);
  return actual.ok() && *actual == *sha256;
}

// Downloads to `path`, unless another process has done so in the meantime.
absl::Status DownloadTo(const std::string& path, const DownloadRequest& request,
                        const DownloadOptions& options) {
  FileSystem& files = *options.files;
  KUR_RETURN_IF_ERROR(files.MakeDirectories(DirectoryOf(path), 0700));
  const auto proceed = [&] { return !options.on_progress || options.on_progress(0, 0); };
  struct stat before = {};
  const bool existed = stat(path.c_str(), &before) == 0;
  KUR_ASSIGN_OR_RETURN(PartFile part, PartFile::OpenLocked(files, path + ".part", proceed));
  struct stat after = {};
  const bool exists = stat(path.c_str(), &after) == 0;
  const bool is_new = exists && (!existed || before.st_ino != after.st_ino);
  if ((is_new || request.sha256.has_value()) && HasContent(files, path, request.sha256)) {
    return files.Remove(part.path());
  }
  absl::Status fetched = DownloadFromAnyMirror(request, options, &part);
  if (!fetched.ok()) {
    // A part file that no later download can resume only takes space.
    if (!request.sha256.has_value() || part.size() == 0) files.Remove(part.path()).IgnoreError();
    return fetched;
  }
  KUR_RETURN_IF_ERROR(part.Sync());
  KUR_RETURN_IF_ERROR(files.Rename(part.path(), path));
  return files.SyncDirectory(DirectoryOf(path));
}

absl::Status Copy(FileSystem& files, const std::string& from, const std::string& to) {
  KUR_ASSIGN_OR_RETURN(const auto source, files.OpenForReading(from));
  KUR_ASSIGN_OR_RETURN(const auto target, files.OpenForAppend(to, /*truncate=*/true, 0600));
  std::vector<char> buffer(size_t{1} << 20);
  for (int64_t offset = 0;;) {
    KUR_ASSIGN_OR_RETURN(const size_t got, source->Read(offset, buffer.size(), buffer.data()));
    if (got == 0) return target->Sync();
    KUR_RETURN_IF_ERROR(target->Append(absl::string_view(buffer.data(), got)));
    offset += static_cast<int64_t>(got);
  }
}

// Links `path` to the cached file; copies it if the file systems differ. Atomic.
absl::Status LinkOrCopy(FileSystem& files, const std::string& cached, const std::string& path) {
  KUR_RETURN_IF_ERROR(files.MakeDirectories(DirectoryOf(path), 0700));
  if (LinkAtomically(files, cached, path).ok()) return absl::OkStatus();
  const std::string temporary = absl::StrCat(path, ".copy-", getpid());
  absl::Status done = Copy(files, cached, temporary);
  if (done.ok()) done = files.Rename(temporary, path);
  if (!done.ok()) files.Remove(temporary).IgnoreError();
  KUR_RETURN_IF_ERROR(done);
  return files.SyncDirectory(DirectoryOf(path));
}

}  // namespace

std::string RedactUrl(const std::string& url) {
  std::string redacted = url.substr(0, url.find_first_of("?#"));
  const size_t scheme = redacted.find("://");
  if (scheme == std::string::npos) return redacted;
  const size_t host = scheme + 3;
  const size_t at = redacted.rfind('@', redacted.find('/', host));
  if (at != std::string::npos && at >= host) redacted.erase(host, at + 1 - host);
  return redacted;
}

absl::Status Download(const DownloadRequest& request, const DownloadOptions& options) {
  if (options.cache.empty() || !request.sha256.has_value()) {
    return DownloadTo(request.path, request, options);
  }
  const std::string cached = JoinPath(options.cache, *request.sha256);
  KUR_RETURN_IF_ERROR(DownloadTo(cached, request, options));
  return LinkOrCopy(*options.files, cached, request.path);
}

}  // namespace kur
