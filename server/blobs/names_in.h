#ifndef KUR_SERVER_BLOBS_NAMES_IN_H_
#define KUR_SERVER_BLOBS_NAMES_IN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/file_system.h"

namespace kur::server {

// Returns the names in a folder, sorted; none if there is no such folder.
inline absl::StatusOr<std::vector<std::string>> NamesIn(FileSystem& files,
                                                        const std::string& folder) {
  if (!files.IsDirectory(folder)) return std::vector<std::string>();
  return files.ListDirectory(folder);
}

}  // namespace kur::server

#endif  // KUR_SERVER_BLOBS_NAMES_IN_H_
