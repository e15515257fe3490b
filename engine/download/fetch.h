#ifndef KUR_ENGINE_DOWNLOAD_FETCH_H_
#define KUR_ENGINE_DOWNLOAD_FETCH_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/network_rules.h"
#include "engine/base/path_resolver.h"
#include "engine/value/file_reference.h"

namespace kur {

// How a run gets the data that is elsewhere.
struct FetchOptions {
  // Nothing is downloaded; what is missing is an error.
  bool offline = false;
  NetworkRules rules;
  // See DownloadOptions::cache.
  std::string cache;
};

// Who hears of it. Called from the thread of FetchMissing().
struct FetchListener {
  // Something for people.
  std::function<void(const std::string& text)> on_note;
  // See DownloadOptions::on_progress; `path` as the Kurfile gives it.
  std::function<bool(const std::string& path, int64_t bytes, int64_t total)> on_progress;
};

// Downloads those of `files` that have URLs and are not where they belong, or have another content
// than their checksum says. Errors are diagnostics at the place of the file in the Kurfile;
// CANCELLED when the listener ends it.
absl::Status FetchMissing(const std::vector<FileReference>& files, const PathResolver& paths,
                          const FetchOptions& options, const FetchListener& listener);

}  // namespace kur

#endif  // KUR_ENGINE_DOWNLOAD_FETCH_H_
