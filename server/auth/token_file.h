#ifndef KUR_SERVER_AUTH_TOKEN_FILE_H_
#define KUR_SERVER_AUTH_TOKEN_FILE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur::server {

// Who may call, by bearer token: lines of USER:TOKEN, with blank lines and lines that begin with
// '#' ignored. A user may have several tokens. Only digests of the tokens are kept. Immutable,
// thread-safe.
class TokenFile {
 public:
  // INVALID_ARGUMENT with the number of a bad line (never its content), PERMISSION_DENIED if others
  // than the owner and the group may read the file or others than the owner may write it.
  static absl::StatusOr<TokenFile> Load(const std::string& path);
  // As Load(), from text; `path` is for messages.
  static absl::StatusOr<TokenFile> Parse(absl::string_view text, const std::string& path);

  // The user of a token; takes the same time for every token that is not there.
  std::optional<std::string> UserOf(absl::string_view token) const;

 private:
  using Digest = std::array<uint8_t, 32>;
  struct Entry {
    std::string user;
    Digest digest;
  };
  static Digest DigestOf(absl::string_view token);

  std::vector<Entry> entries_;
};

// True for names that may be users: one or more of [a-z0-9._-], not beginning with '.'.
bool IsValidUserName(absl::string_view name);

}  // namespace kur::server

#endif  // KUR_SERVER_AUTH_TOKEN_FILE_H_
