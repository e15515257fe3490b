#ifndef KUR_ENGINE_DOWNLOAD_HTTP_H_
#define KUR_ENGINE_DOWNLOAD_HTTP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/network_rules.h"
#include "engine/value/http_login.h"

namespace kur {

// One request over HTTP or HTTPS.
struct HttpRequest {
  std::string url;
  int64_t offset = 0;               // GET: the first byte that is wanted
  std::optional<std::string> json;  // to post; absent: GET
  // A redirection to another server does not get it.
  HttpLogin login = {};
};

// Callbacks of HttpClient::Perform(), called on its thread. An error ends the request with it.
struct HttpListener {
  // Receives the body piece by piece.
  std::function<absl::Status(absl::string_view)> on_data;
  // Called now and then, also when nothing comes, with the bytes of the body that came and their
  // expected number (0 if unknown). May be empty.
  std::function<absl::Status(int64_t received, int64_t total)> on_progress;
};

// Makes requests for those who may not connect themselves. Thread-safe.
class HttpClient {
 public:
  virtual ~HttpClient() = default;

  // Blocks until the end of the response. A GET follows redirections; a POST does not, and takes at
  // most ten seconds. UNAVAILABLE if another attempt may succeed, PERMISSION_DENIED for a refused
  // address, NOT_FOUND for a response of 400 to 499, OUT_OF_RANGE if the server cannot begin at the
  // offset, else FAILED_PRECONDITION. Messages contain neither URL nor login.
  virtual absl::Status Perform(const HttpRequest& request, const HttpListener& listener) = 0;
};

// Makes a client that never uses a proxy and connects only to addresses that the rules allow. It
// knows no secrets: a request that names one is FAILED_PRECONDITION.
std::unique_ptr<HttpClient> MakeHttpClient(NetworkRules rules);

// Posts a JSON text and returns the response, at most 64 KB. Sends `bearer` as the token unless it
// is empty. Errors are those of HttpClient::Perform(). Thread-safe.
absl::StatusOr<std::string> PostJson(HttpClient& client, const std::string& url,
                                     const std::string& bearer, const std::string& json);

}  // namespace kur

#endif  // KUR_ENGINE_DOWNLOAD_HTTP_H_
