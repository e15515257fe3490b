#ifndef KUR_SERVER_METRICS_METRICS_SERVER_H_
#define KUR_SERVER_METRICS_METRICS_SERVER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/unique_fd.h"
#include "server/net/listen_address.h"
#include "server/net/tls_files.h"

struct MHD_Daemon;

namespace kur::server {

// Answers GET /metrics over HTTP or HTTPS, by libmicrohttpd on a thread of its own for each socket.
// A few connections at a time, fewer from one address, and none that says nothing for long: so
// strangers take little, and at worst keep others from reading metrics. Thread-safe.
class MetricsServer {
 public:
  struct Options {
    ListenAddress address;        // TCP
    std::optional<TlsFiles> tls;  // absent: plain HTTP
    // Returns whether a request with this header `Authorization` ("" without one) is answered.
    // Absent: every request is. Both functions are called on the server's threads.
    std::function<absl::Status(absl::string_view authorization)> authorize;
    std::function<std::string()> page;
  };

  // Returns UNAVAILABLE, naming the address, if it cannot be had.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(Options options);

  // Stops answering; then no function is called any more.
  ~MetricsServer();

  // Answers new connections with another certificate; no effect without TLS.
  absl::Status ReplaceCertificate(TlsFiles tls);

 private:
  struct Stopper {
    void operator()(MHD_Daemon* daemon) const;
  };
  using Daemons = std::vector<std::unique_ptr<MHD_Daemon, Stopper>>;

  explicit MetricsServer(Options options) : options_(std::move(options)) {}
  // Begins to answer on all sockets with the certificate of `tls`.
  absl::StatusOr<Daemons> Answer(const std::optional<TlsFiles>& tls);

  const Options options_;
  std::vector<UniqueFd> sockets_;
  absl::Mutex mutex_;
  Daemons daemons_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace kur::server

#endif  // KUR_SERVER_METRICS_METRICS_SERVER_H_
