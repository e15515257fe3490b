#ifndef KUR_ENGINE_VALUE_LITERAL_SECRET_H_
#define KUR_ENGINE_VALUE_LITERAL_SECRET_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace kur {

// A part of a text that looks like a secret.
struct LiteralSecret {
  size_t begin = 0;  // in bytes
  size_t size = 0;
  const char* what = "";  // "a token of Slack"
};

// Finds what looks like secrets: tokens by how they begin, addresses of webhooks, passwords and
// signatures in URLs, private keys. Parts do not overlap and come in the order of the text. A
// guess, which misses many and rarely takes something else for one.
std::vector<LiteralSecret> FindLiteralSecrets(absl::string_view text);

// Returns `text` with an asterisk for each byte of what looks like a secret: for excerpts and
// messages, in which it must not be repeated.
std::string MaskLiteralSecrets(absl::string_view text);

}  // namespace kur

#endif  // KUR_ENGINE_VALUE_LITERAL_SECRET_H_
