#ifndef KUR_ENGINE_DOWNLOAD_DOWNLOADER_H_
#define KUR_ENGINE_DOWNLOAD_DOWNLOADER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/file_system.h"
#include "engine/base/network_rules.h"

namespace kur {

// A file that can be had over HTTP or HTTPS.
struct DownloadRequest {
  std::vector<std::string> urls;      // mirrors, tried in this order
  std::string path;                   // where the file belongs, absolute; folders are made
  std::optional<std::string> sha256;  // 64 lower-case hexadecimal digits
};

struct DownloadOptions {
  NetworkRules rules;
  FileSystem* files = &FileSystem::Posix();
  // A folder that keeps what has been downloaded by its digest, for all who want it; empty: none.
  std::string cache;
  // Called now and then from the thread of Download() with the bytes that are here and, if it is
  // known, how many there will be (else 0). False ends the download.
  std::function<bool(int64_t bytes, int64_t total)> on_progress;
};

// Downloads one file: it is there whole, and as its checksum says, or not at all. With a checksum a
// download that was interrupted goes on where it was, and the content is asked for once for all who
// share the cache; processes that want the same file at the same time wait for the one that
// downloads it. Redirections are followed within the rules, proxies of the environment are not
// used. Blocks; thread-safe.
//
// UNAVAILABLE when no mirror gave the file, with the reason of each; PERMISSION_DENIED for an
// address that the rules refuse; DATA_LOSS for another content than the checksum says;
// RESOURCE_EXHAUSTED when the disk is full; CANCELLED by `on_progress`.
absl::Status Download(const DownloadRequest& request, const DownloadOptions& options);

// The URL without what may be secret in it: no user, no password, no query.
std::string ShownUrl(const std::string& url);

}  // namespace kur

#endif  // KUR_ENGINE_DOWNLOAD_DOWNLOADER_H_
