#include "engine/download/fetch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/files_without_links.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/download/downloader.h"

namespace kur {
namespace {

enum class Presence { kPresent, kMissing, kWrongContent };

// Finds out whether a file is present. A path may also name the file itself where it could name the
// file's folder; then the content is not checked, because it cannot be replaced.
absl::StatusOr<Presence> FindPresence(const FileReference& file, const PathResolver& paths) {
  auto found = paths.ForReading(file.path);
  if (absl::IsNotFound(found.status())) {
    const auto folder = paths.ForReading(DirectoryOf(file.path));
    const bool is_file = folder.ok() && !IsDirectory(*folder);
    return is_file ? Presence::kPresent : Presence::kMissing;
  }
  if (!found.ok()) return found.status();
  if (file.sha256.empty() || IsDirectory(*found)) return Presence::kPresent;
  KUR_ASSIGN_OR_RETURN(const std::string digest, Sha256OfUnchangedFile(*found));
  return digest == file.sha256 ? Presence::kPresent : Presence::kWrongContent;
}

absl::Status Fetch(const FileReference& file, const HttpLogin& login, const PathResolver& paths,
                   const FetchOptions& options, const FetchListener& listener) {
  KUR_ASSIGN_OR_RETURN(const Presence presence, FindPresence(file, paths));
  if (presence == Presence::kPresent) return absl::OkStatus();
  const std::string& source = file.urls.front();
  if (options.offline) {
    return absl::FailedPreconditionError(absl::StrCat(
        presence == Presence::kWrongContent ? absl::StrCat(file.path, " has another checksum")
                                            : absl::StrCat("no such file: ", file.path),
        ", and nothing is downloaded here (--offline): bring ", RedactUrl(source), " there"));
  }
  KUR_ASSIGN_OR_RETURN(const std::string target, paths.ForWriting(file.path));
  listener.on_note(
      absl::StrCat("downloading ", file.path, " from ", RedactUrl(source),
                   presence == Presence::kWrongContent ? ", as its checksum is wrong" : ""));
  DownloadRequest request{file.urls, target, std::nullopt, login};
  if (!file.sha256.empty()) request.sha256 = file.sha256;
  DownloadOptions download;
  download.http = options.http.get();
  download.cache = options.cache;
  download.on_progress = [&](int64_t bytes, int64_t total) {
    return listener.on_progress(file.path, bytes, total);
  };
  KUR_RETURN_IF_ERROR(Download(request, download));
  KUR_ASSIGN_OR_RETURN(const int64_t size, FilesWithoutLinks().FileSize(target));
  listener.on_note(absl::StrCat("downloaded ", file.path, ", ", size, " bytes"));
  return absl::OkStatus();
}

}  // namespace

absl::Status FetchMissing(const std::vector<const Package*>& packages, const PathResolver& paths,
                          const FetchOptions& options, const FetchListener& listener) {
  for (const Package* package : packages) {
    if (package->url.empty()) continue;
    const FileReference file = package->File();
    absl::Status fetched = Fetch(file, package->HttpLoginOf(), paths, options, listener);
    if (absl::IsCancelled(fetched)) return fetched;
    if (!fetched.ok()) return ErrorAtFile(file, fetched);
  }
  return absl::OkStatus();
}

}  // namespace kur
