#ifndef KUR_ENGINE_BASE_FILE_IDENTITY_H_
#define KUR_ENGINE_BASE_FILE_IDENTITY_H_

#include <string>

#include "absl/status/statusor.h"

namespace kur {

// Returns what the kernel knows the file or directory by, as "DEVICE:INODE": the same under every
// name, and another one for a copy. Valid until the machine restarts or the file is removed.
// Thread-safe.
absl::StatusOr<std::string> FileIdentity(const std::string& path);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_FILE_IDENTITY_H_
