#ifndef KUR_SERVER_WORKER_SECRET_KEEPER_H_
#define KUR_SERVER_WORKER_SECRET_KEEPER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/download/http.h"
#include "kur/v1/worker.pb.h"

namespace kur::worker {

// The secrets of a job, in the process that makes its requests: puts them into requests as far as
// the Kurfile says so, and takes them out of what is said of the requests. The worker itself, which
// reads what strangers have written, has only their names: what takes it over can use a secret for
// what the Kurfile uses it for, but cannot learn it. Immutable, thread-safe.
class SecretKeeper {
 public:
  SecretKeeper() = default;
  explicit SecretKeeper(v1::WorkerSecrets secrets);
  SecretKeeper(SecretKeeper&&) = default;
  SecretKeeper& operator=(SecretKeeper&&) = default;
  // Wipes the values.
  ~SecretKeeper();

  // Puts values in place of "secret:NAME" into the URL and the login. PERMISSION_DENIED, and the
  // request as it was, for a secret that the job has not, or not for this URL.
  absl::Status Resolve(HttpRequest* request) const;

  // Returns `text` with "secret:NAME" in place of the values, of how URLs write them, and of what
  // is secret in one that is a URL.
  std::string Redact(absl::string_view text) const;

 private:
  // Returns the value if the secret may stand there; `login_url` is empty for the URL itself.
  absl::StatusOr<std::string> ValueOf(const std::string& name, const std::string& login_url) const;

  v1::WorkerSecrets secrets_;
  // What is not to be shown, and what is shown in place of it; longer texts first.
  std::vector<std::pair<std::string, std::string>> shown_as_;
};

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_SECRET_KEEPER_H_
