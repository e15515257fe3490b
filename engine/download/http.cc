#include "engine/download/http.h"

#include <sys/socket.h>

#include "absl/strings/str_cat.h"
#include "engine/base/version.h"

namespace kur {
namespace {

constexpr long kConnectSeconds = 30;
constexpr long kPostSeconds = 10;
constexpr size_t kMaxAnswerBytes = 64 << 10;

bool InitializeCurl() {
  static const CURLcode kResult = curl_global_init(CURL_GLOBAL_DEFAULT);
  return kResult == CURLE_OK;
}

size_t AppendAnswer(char* data, size_t, size_t count, void* to) {
  auto* const answer = static_cast<std::string*>(to);
  if (answer->size() + count > kMaxAnswerBytes) return 0;
  answer->append(data, count);
  return count;
}

}  // namespace

HttpHandle::HttpHandle(const NetworkRules& rules)
    : rules_(rules), curl_(InitializeCurl() ? curl_easy_init() : nullptr, &curl_easy_cleanup) {
  CURL* const curl = curl_.get();
  if (curl == nullptr) return;
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  // A proxy would connect in our place, to any address.
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, absl::StrCat("kurd/", kVersion).c_str());
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &HttpHandle::OnConnect);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason_);
}

curl_socket_t HttpHandle::OnConnect(void* self, curlsocktype, curl_sockaddr* address) {
  auto* const handle = static_cast<HttpHandle*>(self);
  const absl::Status allowed = handle->rules_.Check(address->addr);
  if (!allowed.ok()) {
    handle->refusal_ = allowed;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

long HttpHandle::ResponseCode() const {
  long status = 0;
  curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

absl::Status HttpHandle::ToStatus(CURLcode code) const {
  if (code == CURLE_OK) return absl::OkStatus();
  if (!refusal_.ok()) return refusal_;
  if (code == CURLE_HTTP_RETURNED_ERROR) {
    constexpr long kTooManyRequests = 429;
    constexpr long kServerError = 500;
    const long status = ResponseCode();
    const std::string text = absl::StrCat("the server answers with ", status);
    return status >= kServerError || status == kTooManyRequests ? absl::UnavailableError(text)
                                                                : absl::NotFoundError(text);
  }
  const std::string text = reason_[0] != '\0' ? reason_ : curl_easy_strerror(code);
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_PEER_FAILED_VERIFICATION:
      return absl::FailedPreconditionError(text);
    default:
      return absl::UnavailableError(text);
  }
}

absl::StatusOr<std::string> PostJson(const std::string& url, const std::string& bearer,
                                     const std::string& json, const NetworkRules& rules) {
  HttpHandle handle(rules);
  CURL* const curl = handle.get();
  if (curl == nullptr) return absl::InternalError("libcurl cannot be used");
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json; charset=utf-8");
  if (!bearer.empty()) {
    headers = curl_slist_append(headers, absl::StrCat("Authorization: Bearer ", bearer).c_str());
  }
  std::string answer;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, json.data());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kPostSeconds);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &AppendAnswer);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  const CURLcode code = handle.Perform();
  curl_slist_free_all(headers);
  const absl::Status status = handle.ToStatus(code);
  if (!status.ok()) return status;
  constexpr long kSuccess = 200;
  if (handle.ResponseCode() / 100 * 100 != kSuccess) {
    return absl::FailedPreconditionError(
        absl::StrCat("the server answers with ", handle.ResponseCode()));
  }
  return answer;
}

}  // namespace kur
