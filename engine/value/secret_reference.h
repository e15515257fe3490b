#ifndef KUR_ENGINE_VALUE_SECRET_REFERENCE_H_
#define KUR_ENGINE_VALUE_SECRET_REFERENCE_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/base/location.h"

namespace kur {

// What a Kurfile writes in place of a secret: "secret:NAME". It stays as it is wherever the Kurfile
// goes; only the process that makes a worker's requests knows the value.
constexpr char kSecretPrefix[] = "secret:";
constexpr size_t kMaxSecretNameBytes = 64;

// Where secrets may stand, for messages.
constexpr char kSecretPlaces[] =
    "a secret may stand under 'url' and 'login' of data, and under 'url' and 'token' of the hook "
    "'slack'";

// Returns whether `name` can name a secret: a letter, then letters, digits, '_' and '-'.
bool IsSecretName(absl::string_view name);

// Describes such names, for messages: "a letter, then ...".
std::string SecretNameRule();

// Returns NAME if `text` is exactly "secret:NAME".
std::optional<std::string> SecretNameIn(absl::string_view text);

// A place of a Kurfile where a secret is used.
struct SecretUse {
  std::string name;
  // Where the secret proves who asks, as the Kurfile writes the URL; empty: the secret is the URL.
  std::string url;
  Location location;
  std::string key;
};

}  // namespace kur

#endif  // KUR_ENGINE_VALUE_SECRET_REFERENCE_H_
