#include "engine/download/http.h"

#include <curl/curl.h>
#include <sys/socket.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/version.h"
#include "engine/value/secret_reference.h"

namespace kur {
namespace {

constexpr long kConnectSeconds = 30;
constexpr long kPostSeconds = 10;
constexpr size_t kMaxAnswerBytes = 64 << 10;
// A transfer that receives nothing for this long has failed.
constexpr long kStallSeconds = 60;
constexpr long kMaxRedirects = 5;

bool InitializeCurl() {
  static const CURLcode kResult = curl_global_init(CURL_GLOBAL_DEFAULT);
  return kResult == CURLE_OK;
}

// One request by libcurl. Neither copyable nor movable. Not thread-safe.
class Transfer {
 public:
  // Everything is borrowed.
  Transfer(const NetworkRules& rules, const HttpRequest& request, const HttpListener& listener)
      : rules_(rules),
        request_(request),
        listener_(listener),
        curl_(InitializeCurl() ? curl_easy_init() : nullptr, &curl_easy_cleanup),
        headers_(nullptr, &curl_slist_free_all) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  absl::Status Run() {
    if (curl_ == nullptr) return absl::InternalError("libcurl cannot be used");
    Configure();
    ConfigureLogin();
    if (request_.json.has_value()) {
      ConfigurePost();
    } else {
      ConfigureGet();
    }
    const CURLcode code = curl_easy_perform(curl_.get());
    if (code != CURLE_OK && !failure_.ok()) return failure_;
    KUR_RETURN_IF_ERROR(ToStatus(code));
    if (!request_.json.has_value() || ResponseCode() / 100 == 2) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat("the server answers with ", ResponseCode()));
  }

 private:
  void Configure();
  void ConfigureGet();
  void ConfigurePost();
  void ConfigureLogin();
  absl::Status ToStatus(CURLcode code) const;
  // Returns the HTTP status of the response, such as 404; 0 if there was none.
  long ResponseCode() const;

  static curl_socket_t OnConnect(void* self, curlsocktype, curl_sockaddr* address);
  static size_t OnData(char* data, size_t, size_t count, void* self) {
    auto* const transfer = static_cast<Transfer*>(self);
    transfer->failure_ = transfer->listener_.on_data(absl::string_view(data, count));
    return transfer->failure_.ok() ? count : 0;
  }
  static int OnProgress(void* self, curl_off_t total, curl_off_t now, curl_off_t, curl_off_t) {
    auto* const transfer = static_cast<Transfer*>(self);
    if (!transfer->failure_.ok()) return 1;
    if (!transfer->listener_.on_progress) return 0;
    transfer->failure_ = transfer->listener_.on_progress(now, total);
    return transfer->failure_.ok() ? 0 : 1;
  }

  const NetworkRules& rules_;
  const HttpRequest& request_;
  const HttpListener& listener_;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers_;
  absl::Status refusal_;  // of an address by the rules
  absl::Status failure_;  // of the listener
  char reason_[CURL_ERROR_SIZE] = "";
};

void Transfer::Configure() {
  CURL* const curl = curl_.get();
  curl_easy_setopt(curl, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  // A proxy would connect in our place, to any address.
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, absl::StrCat("kurd/", kVersion).c_str());
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &Transfer::OnConnect);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason_);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::OnData);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &Transfer::OnProgress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, this);
}

void Transfer::ConfigureGet() {
  CURL* const curl = curl_.get();
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(request_.offset));
}

void Transfer::ConfigurePost() {
  CURL* const curl = curl_.get();
  headers_.reset(curl_slist_append(nullptr, "Content-Type: application/json; charset=utf-8"));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                   static_cast<curl_off_t>(request_.json->size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request_.json->data());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kPostSeconds);
}

void Transfer::ConfigureLogin() {
  CURL* const curl = curl_.get();
  const HttpLogin& login = request_.login;
  if (!login.token.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, login.token.c_str());
  } else if (!login.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(curl, CURLOPT_USERNAME, login.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, login.password.c_str());
  }
}

curl_socket_t Transfer::OnConnect(void* self, curlsocktype, curl_sockaddr* address) {
  auto* const transfer = static_cast<Transfer*>(self);
  const absl::Status allowed = transfer->rules_.Check(address->addr);
  if (!allowed.ok()) {
    transfer->refusal_ = allowed;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

long Transfer::ResponseCode() const {
  long status = 0;
  curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

absl::Status Transfer::ToStatus(CURLcode code) const {
  if (code == CURLE_OK) return absl::OkStatus();
  if (!refusal_.ok()) return refusal_;
  const std::string text = reason_[0] != '\0' ? reason_ : curl_easy_strerror(code);
  switch (code) {
    case CURLE_HTTP_RETURNED_ERROR: {
      constexpr long kRangeNotSatisfiable = 416;
      constexpr long kTooManyRequests = 429;
      constexpr long kServerError = 500;
      const long status = ResponseCode();
      const std::string answer = absl::StrCat("the server answers with ", status);
      if (status >= kServerError || status == kTooManyRequests) {
        return absl::UnavailableError(answer);
      }
      return status == kRangeNotSatisfiable && request_.offset > 0 ? absl::OutOfRangeError(answer)
                                                                   : absl::NotFoundError(answer);
    }
    case CURLE_RANGE_ERROR:
    case CURLE_BAD_DOWNLOAD_RESUME:
      return absl::OutOfRangeError(text);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_PEER_FAILED_VERIFICATION:
      return absl::FailedPreconditionError(text);
    default:
      return absl::UnavailableError(text);
  }
}

class CurlClient : public HttpClient {
 public:
  explicit CurlClient(NetworkRules rules) : rules_(std::move(rules)) {}

  absl::Status Perform(const HttpRequest& request, const HttpListener& listener) override {
    for (const std::string* text :
         {&request.url, &request.login.user, &request.login.password, &request.login.token}) {
      const auto name = SecretNameIn(*text);
      if (!name.has_value()) continue;
      return absl::FailedPreconditionError(
          absl::StrCat("the secret '", *name, "' is known to jobs of kurd only"));
    }
    return Transfer(rules_, request, listener).Run();
  }

 private:
  const NetworkRules rules_;
};

}  // namespace

std::unique_ptr<HttpClient> MakeHttpClient(NetworkRules rules) {
  return std::make_unique<CurlClient>(std::move(rules));
}

absl::StatusOr<std::string> PostJson(HttpClient& client, const std::string& url,
                                     const std::string& bearer, const std::string& json) {
  HttpRequest request;
  request.url = url;
  request.json = json;
  request.login.token = bearer;
  std::string answer;
  HttpListener listener;
  listener.on_data = [&answer](absl::string_view data) {
    if (answer.size() + data.size() > kMaxAnswerBytes) {
      return absl::UnavailableError("the server's answer is too long");
    }
    answer.append(data.data(), data.size());
    return absl::OkStatus();
  };
  KUR_RETURN_IF_ERROR(client.Perform(request, listener));
  return answer;
}

}  // namespace kur
