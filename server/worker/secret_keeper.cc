#include "server/worker/secret_keeper.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "engine/base/hex.h"
#include "engine/base/status.h"
#include "engine/base/wipe.h"
#include "engine/value/secret_reference.h"
#include "server/protocol/worker_secrets.h"

namespace kur::worker {
namespace {

// Shorter parts of a URL are no secrets by themselves, and stand in other texts as well.
constexpr size_t kLeastPart = 6;

// Returns `text` as a URL writes it, with digits in capitals or not.
std::string UrlEncode(absl::string_view text, bool capitals) {
  std::string encoded;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("-._~", c)) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      absl::StrAppend(&encoded,
                      capitals ? absl::StrFormat("%%%02X", byte) : absl::StrFormat("%%%02x", byte));
    }
  }
  return encoded;
}

// Returns `text` without the percent signs of a URL.
std::string UrlDecode(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_byte = text[i] == '%' && i + 2 < text.size() &&
                         absl::ascii_isxdigit(text[i + 1]) && absl::ascii_isxdigit(text[i + 2]);
    decoded += is_byte ? HexToBytes(text.substr(i + 1, 2)) : std::string(1, text[i]);
    if (is_byte) i += 2;
  }
  return decoded;
}

// Returns what lets in who knows it: of a URL its user, its password, its path and its parameters,
// else the whole value.
std::vector<std::string> PartsOf(const std::string& value) {
  std::vector<std::string> parts = {value};
  const size_t scheme = value.find("://");
  if (scheme == std::string::npos) return parts;
  const absl::string_view rest = absl::string_view(value).substr(scheme + 3);
  const absl::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const absl::string_view path = rest.substr(authority.size());
  const size_t at = authority.rfind('@');
  if (at != authority.npos) {
    const std::pair<absl::string_view, absl::string_view> login =
        absl::StrSplit(authority.substr(0, at), absl::MaxSplits(':', 1));
    for (const absl::string_view part : {authority.substr(0, at), login.first, login.second}) {
      parts.emplace_back(part);
      parts.push_back(UrlDecode(part));
    }
  }
  parts.emplace_back(path);
  for (const absl::string_view part : absl::StrSplit(path, absl::ByAnyChar("/?&#"))) {
    const size_t equals = part.find('=');
    parts.emplace_back(equals == part.npos ? part : part.substr(equals + 1));
  }
  return parts;
}

absl::Status NotForThis(const std::string& name) {
  return absl::PermissionDeniedError(
      absl::StrCat("the Kurfile does not use the secret '", name, "' for this"));
}

}  // namespace

SecretKeeper::SecretKeeper(v1::WorkerSecrets secrets) : secrets_(std::move(secrets)) {
  for (const v1::WorkerSecret& secret : secrets_.secrets()) {
    const std::string shown = absl::StrCat(kSecretPrefix, secret.name());
    for (const std::string& part : PartsOf(secret.value())) {
      if (part.size() < kLeastPart) continue;
      for (const std::string& form :
           {part, UrlEncode(part, true), UrlEncode(part, false), absl::Base64Escape(part)}) {
        shown_as_.emplace_back(form, shown);
      }
    }
  }
  std::stable_sort(shown_as_.begin(), shown_as_.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
}

SecretKeeper::~SecretKeeper() {
  WipeSecrets(&secrets_);
  for (auto& [hidden, shown] : shown_as_) Wipe(&hidden);
}

absl::StatusOr<std::string> SecretKeeper::ValueOf(const std::string& name,
                                                  const std::string& login_url) const {
  for (const v1::WorkerSecret& secret : secrets_.secrets()) {
    if (secret.name() != name) continue;
    const auto& urls = secret.login_urls();
    const bool is_allowed = login_url.empty()
                                ? secret.is_url()
                                : std::find(urls.begin(), urls.end(), login_url) != urls.end();
    if (is_allowed) return secret.value();
  }
  return NotForThis(name);
}

absl::Status SecretKeeper::Resolve(HttpRequest* request) const {
  HttpRequest resolved = *request;
  if (const auto name = SecretNameIn(request->url)) {
    KUR_ASSIGN_OR_RETURN(resolved.url, ValueOf(*name, ""));
  }
  for (std::string* text :
       {&resolved.login.user, &resolved.login.password, &resolved.login.token}) {
    const auto name = SecretNameIn(*text);
    if (!name.has_value()) continue;
    KUR_ASSIGN_OR_RETURN(*text, ValueOf(*name, request->url));
  }
  *request = std::move(resolved);
  return absl::OkStatus();
}

std::string SecretKeeper::Redact(absl::string_view text) const {
  std::string redacted(text);
  for (const auto& [hidden, shown] : shown_as_) {
    absl::StrReplaceAll({{hidden, shown}}, &redacted);
  }
  return redacted;
}

}  // namespace kur::worker
