#ifndef KUR_ENGINE_DOWNLOAD_HTTP_H_
#define KUR_ENGINE_DOWNLOAD_HTTP_H_

#include <curl/curl.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/network_rules.h"

namespace kur {

// A libcurl handle that speaks HTTP and HTTPS, never uses a proxy, and connects only to addresses
// that the rules allow. Neither copyable nor movable. Not thread-safe.
class HttpHandle {
 public:
  // `rules` must outlive the handle.
  explicit HttpHandle(const NetworkRules& rules);
  HttpHandle(const HttpHandle&) = delete;
  HttpHandle& operator=(const HttpHandle&) = delete;

  // Returns the handle to set further options on; null if libcurl cannot be used.
  CURL* get() const { return curl_.get(); }

  CURLcode Perform() { return curl_easy_perform(curl_.get()); }

  // Converts the result of Perform(). UNAVAILABLE if another attempt may succeed, PERMISSION_DENIED
  // for a refused address, NOT_FOUND for a response of 400 to 499, else FAILED_PRECONDITION. The
  // message never contains the URL.
  absl::Status ToStatus(CURLcode code) const;

  // Returns the HTTP status of the last response, such as 404; 0 if there was none.
  long ResponseCode() const;

 private:
  static curl_socket_t OnConnect(void* self, curlsocktype, curl_sockaddr* address);

  const NetworkRules& rules_;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
  absl::Status refusal_;  // of an address by the rules
  char reason_[CURL_ERROR_SIZE] = "";
};

// Posts a JSON text and returns the response, at most 64 KB. Sends `bearer` as the token unless it
// is empty. Follows no redirections; blocks for at most ten seconds. Errors are those of
// HttpHandle::ToStatus() and contain neither URL nor token. Thread-safe.
absl::StatusOr<std::string> PostJson(const std::string& url, const std::string& bearer,
                                     const std::string& json, const NetworkRules& rules);

}  // namespace kur

#endif  // KUR_ENGINE_DOWNLOAD_HTTP_H_
