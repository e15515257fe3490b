#ifndef KUR_ENGINE_DOWNLOAD_DOWNLOADER_H_
#define KUR_ENGINE_DOWNLOAD_DOWNLOADER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/files_without_links.h"
#include "engine/download/http.h"

namespace kur {

// A file that can be downloaded over HTTP or HTTPS.
struct DownloadRequest {
  std::vector<std::string> urls;      // mirrors, tried in this order
  std::string path;                   // absolute; missing folders are created
  std::optional<std::string> sha256;  // 64 lower-case hexadecimal digits
  HttpLogin login = {};               // for each of the URLs
};

struct DownloadOptions {
  HttpClient* http = nullptr;  // borrowed; must be set
  FileSystem* files = &FilesWithoutLinks();
  // A folder that keeps downloaded files by their digest and is shared by the jobs of one
  // user; empty: no cache.
  std::string cache;
  // Called now and then on the thread of Download() with the bytes received and their expected
  // number (0 if unknown). Returning false cancels the download.
  std::function<bool(int64_t bytes, int64_t total)> on_progress;
};

// Downloads one file, which then exists completely and with the requested checksum, or not at all.
// With a checksum, an interrupted download is resumed, and all users of a cache download the
// content once. Processes that request the same file at the same time wait for the one that
// downloads it. Blocks. Thread-safe.
//
// UNAVAILABLE if every mirror failed, with the reason of each; PERMISSION_DENIED for an address
// that the client refuses; DATA_LOSS for a wrong checksum; RESOURCE_EXHAUSTED if the disk is full;
// CANCELLED by `on_progress`.
absl::Status Download(const DownloadRequest& request, const DownloadOptions& options);

// Removes the parts of a URL that may be secret: user, password, query and fragment.
std::string RedactUrl(const std::string& url);

}  // namespace kur

#endif  // KUR_ENGINE_DOWNLOAD_DOWNLOADER_H_
