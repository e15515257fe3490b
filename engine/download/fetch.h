#ifndef KUR_ENGINE_DOWNLOAD_FETCH_H_
#define KUR_ENGINE_DOWNLOAD_FETCH_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/path_resolver.h"
#include "engine/download/http.h"
#include "engine/kurfile/specs/package.h"

namespace kur {

// How a run gets data that is not on this machine.
struct FetchOptions {
  // Set to make missing data an error instead of downloading it.
  bool offline = false;
  // Connects to other machines; must be set unless `offline` is.
  std::shared_ptr<HttpClient> http;
  // See DownloadOptions::cache.
  std::string cache;
};

// Callbacks of FetchMissing(), called on its thread.
struct FetchListener {
  // Receives a message for people.
  std::function<void(const std::string& text)> on_note;
  // See DownloadOptions::on_progress. `path` is as in the Kurfile.
  std::function<bool(const std::string& path, int64_t bytes, int64_t total)> on_progress;
};

// Downloads the file of every package that has URLs and whose file is missing, or does not match
// its checksum. Errors are diagnostics at the place of the file in the Kurfile; CANCELLED by the
// listener. Blocks. Thread-safe.
absl::Status FetchMissing(const std::vector<const Package*>& packages, const PathResolver& paths,
                          const FetchOptions& options, const FetchListener& listener);

}  // namespace kur

#endif  // KUR_ENGINE_DOWNLOAD_FETCH_H_
