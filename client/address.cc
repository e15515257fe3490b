#include "client/address.h"

#include <arpa/inet.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace kur::client {
namespace {

bool IsLoopback(const std::string& host) {
  if (absl::EqualsIgnoreCase(host, "localhost")) return true;
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6;
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

absl::Status MalformedError(absl::string_view text, absl::string_view problem) {
  return absl::InvalidArgumentError(
      absl::StrCat("server address '", text, "' ", problem, "; expected unix:PATH or HOST:PORT"));
}

}  // namespace

std::string Address::ToString() const {
  if (kind == Kind::kUnix) return absl::StrCat("unix:", path);
  const bool v6 = absl::StrContains(host, ":");
  return v6 ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

bool Address::IsLocal() const { return kind == Kind::kUnix || IsLoopback(host); }

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  Address address;
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:")) {
    absl::ConsumePrefix(&rest, "//");
    if (rest.empty()) return MalformedError(text, "names no socket");
    address.path = std::string(rest);
    return address;
  }
  address.kind = Address::Kind::kTcp;
  if (absl::StrContains(text, "/")) return MalformedError(text, "is neither a host nor a socket");
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return MalformedError(text, "names no port");
  absl::string_view host = text.substr(0, colon);
  const bool bracketed = absl::StartsWith(host, "[") && absl::EndsWith(host, "]");
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty()) return MalformedError(text, "names no host");
  if (!bracketed && absl::StrContains(host, ":")) {
    return MalformedError(text, "needs brackets around its IPv6 host");
  }
  if (!absl::SimpleAtoi(text.substr(colon + 1), &address.port) || address.port < 1 ||
      address.port > 65535) {
    return MalformedError(text, "has no port between 1 and 65535");
  }
  address.host = std::string(host);
  return address;
}

bool UsesTls(const Address& address, bool requested) {
  return address.kind == Address::Kind::kTcp && (requested || !address.IsLocal());
}

}  // namespace kur::client
