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

// The bearer tokens of users: lines of USER:TOKEN; blank lines and lines that begin with '#' are
// ignored. A user may have several tokens. Keeps only digests of the tokens. Immutable,
// thread-safe.
class TokenFile {
 public:
  // Reads a token file. Returns INVALID_ARGUMENT with the number of a malformed line, or of both
  // lines that give one token to two users, never with their content. Returns PERMISSION_DENIED
  // unless only the owner can write the file and only the owner and the group can read it.
  static absl::StatusOr<TokenFile> Load(const std::string& path);
  // Parses the text of a token file; `path` is for messages.
  static absl::StatusOr<TokenFile> Parse(absl::string_view text, const std::string& path);

  // Returns the user of a token. Takes the same time for every unknown token.
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

// Returns whether `name` is a valid user name: 1 to 64 of [a-z0-9._-], not beginning with '.'.
bool IsValidUserName(absl::string_view name);

}  // namespace kur::server

#endif  // KUR_SERVER_AUTH_TOKEN_FILE_H_
