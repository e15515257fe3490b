#ifndef KUR_SERVER_WORKER_NETWORK_BROKER_H_
#define KUR_SERVER_WORKER_NETWORK_BROKER_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/network_rules.h"
#include "engine/base/unique_fd.h"
#include "engine/download/http.h"
#include "kur/v1/worker.pb.h"

namespace kur::worker {

// Connects for a worker that may not open sockets. A process of its own, the broker, connects to
// kurd and makes requests over HTTP, each in a copy of itself, and passes descriptors to the
// worker. It has the network and the job's secrets, but no file of the job; it ends with the
// worker. Thread-safe.
class NetworkBroker : public HttpClient {
 public:
  struct Options {
    std::string server;       // kurd's socket: "unix:/..."
    NetworkRules rules;       // for requests
    bool is_confined = true;  // whether the broker refuses itself files and system calls
    // Borrowed for the call; null: requests have none.
    const v1::WorkerSecrets* secrets = nullptr;
  };

  // Starts the broker. Call it before the process has other threads and before it has read anything
  // of a stranger: the broker is a copy of this process. The caller then forgets the secrets, and
  // requests may name them: what comes back has none.
  static absl::StatusOr<std::shared_ptr<NetworkBroker>> Start(const Options& options);

  // Returns a connection to kurd. UNAVAILABLE if nobody listens there, or the broker is gone.
  absl::StatusOr<UniqueFd> ConnectToServer() ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Status Perform(const HttpRequest& request, const HttpListener& listener) override
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  explicit NetworkBroker(UniqueFd control) : control_(std::move(control)) {}

  // Asks for a descriptor of a kind.
  absl::StatusOr<UniqueFd> Ask(char kind) ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Mutex mutex_;
  const UniqueFd control_;  // used by one thread at a time: the answer follows the question
};

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_NETWORK_BROKER_H_
