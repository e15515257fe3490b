#ifndef KUR_ENGINE_DOWNLOAD_HTTP_H_
#define KUR_ENGINE_DOWNLOAD_HTTP_H_

#include <curl/curl.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/network_rules.h"

namespace kur {

// A handle of libcurl that speaks HTTP and HTTPS, never through a proxy, and opens connections only
// to addresses that the rules allow. One thread at a time; stays where it is.
class HttpHandle {
 public:
  // `rules` must outlive this.
  explicit HttpHandle(const NetworkRules& rules);
  HttpHandle(const HttpHandle&) = delete;
  HttpHandle& operator=(const HttpHandle&) = delete;

  // To set further options; null if libcurl cannot be used.
  CURL* get() const { return curl_.get(); }

  CURLcode Perform() { return curl_easy_perform(curl_.get()); }

  // What `code`, the result of Perform(), means. UNAVAILABLE where another try may help,
  // PERMISSION_DENIED for a refused address, NOT_FOUND for an answer of 400 to 499, or else
  // FAILED_PRECONDITION. Never names the URL.
  absl::Status Judge(CURLcode code) const;

  // The status of the last answer, such as 404; 0: none.
  long ResponseCode() const;

 private:
  static curl_socket_t OnConnect(void* self, curlsocktype, curl_sockaddr* address);

  const NetworkRules& rules_;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
  absl::Status refusal_;  // of an address
  char reason_[CURL_ERROR_SIZE] = "";
};

// Sends a JSON text, with `bearer` as the token unless that is empty, and gives the answer, of
// which no more than 64 KB may come. Follows no redirections, waits for ten seconds at most, and
// names neither URL nor token in its errors, which are those of HttpHandle::Judge(). Thread-safe.
absl::StatusOr<std::string> PostJson(const std::string& url, const std::string& bearer,
                                     const std::string& json, const NetworkRules& rules);

}  // namespace kur

#endif  // KUR_ENGINE_DOWNLOAD_HTTP_H_
