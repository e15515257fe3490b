#ifndef KUR_SERVER_API_HEALTH_PROBE_H_
#define KUR_SERVER_API_HEALTH_PROBE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace kur::server {

// Connects to a server at `address` ("127.0.0.1:8400", "unix:/run/kurd.sock") as a client does and
// calls grpc.health.v1.Health/Check. Blocks at most `timeout`. Returns OK only if the answer is
// SERVING. With `tls` it takes whatever certificate the server has: it asks whether the server
// answers, not who it is.
absl::Status ProbeHealth(const std::string& address, bool tls, absl::Duration timeout);

}  // namespace kur::server

#endif  // KUR_SERVER_API_HEALTH_PROBE_H_
