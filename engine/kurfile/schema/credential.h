#ifndef KUR_ENGINE_KURFILE_SCHEMA_CREDENTIAL_H_
#define KUR_ENGINE_KURFILE_SCHEMA_CREDENTIAL_H_

#include <optional>
#include <string>
#include <vector>

#include "engine/base/location.h"
#include "engine/kurfile/schema/fields.h"
#include "engine/value/secret_reference.h"

namespace kur {

// A text that may let in who knows it, such as a token or the address of a webhook: as it is, or as
// "secret:NAME". Messages and documentation show no such text. Immutable once parsed.
struct Credential {
  std::string text;
  Location location;
  std::string key;

  // Returns the name of the secret that stands here, if one does.
  std::optional<std::string> secret() const { return SecretNameIn(text); }
};

// Appends the secret that stands in `credential`, if one does, as used for `url` (see SecretUse).
void AppendSecretUse(const Credential& credential, const std::string& url,
                     std::vector<SecretUse>* uses);

template <>
struct FieldTraits<Credential> {
  static std::string Type() { return "string or secret:NAME"; }
  static Value Schema() { return TypeSchema("string"); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    Credential* to);
  static std::string Format(const Credential&) { return ""; }
};

template <>
inline std::string FieldTraits<std::vector<Credential>>::Type() {
  return "string, secret:NAME, or list of these";
}

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SCHEMA_CREDENTIAL_H_
