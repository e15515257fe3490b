#ifndef KUR_SERVER_AUTH_COOKIE_H_
#define KUR_SERVER_AUTH_COOKIE_H_

#include <string>

#include "absl/status/statusor.h"
#include "engine/base/file_system.h"

namespace kur::server {

// Returns the cookie in the file `path`: 64 hexadecimal digits. Writes a new, random one, durably
// and for its owner alone, if there is none, or one that others could have written or read. A
// cookie outlives kurd, so that those who follow jobs do not notice a restart; who removes the file
// and restarts kurd changes it.
absl::StatusOr<std::string> OpenCookie(FileSystem& files, const std::string& path);

}  // namespace kur::server

#endif  // KUR_SERVER_AUTH_COOKIE_H_
