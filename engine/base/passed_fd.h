#ifndef KUR_ENGINE_BASE_PASSED_FD_H_
#define KUR_ENGINE_BASE_PASSED_FD_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/unique_fd.h"

namespace kur {

// Connects to a UNIX socket, given as "unix:/...". Does not wait for one that is busy. UNAVAILABLE
// if nobody listens there. Thread-safe.
absl::StatusOr<UniqueFd> ConnectToUnixSocket(const std::string& address);

// Sends a descriptor over a UNIX socket; an error in its place if there is none. Returns false if
// the other end is gone.
bool SendFd(int socket, const absl::StatusOr<UniqueFd>& fd);

// Receives what SendFd() has sent. UNAVAILABLE if the other end is gone.
absl::StatusOr<UniqueFd> ReceiveFd(int socket);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_PASSED_FD_H_
