#include "engine/kurfile/schema/credential.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace kur {

void AppendSecretUse(const Credential& credential, const std::string& url,
                     std::vector<SecretUse>* uses) {
  const auto name = credential.secret();
  if (name.has_value()) uses->push_back({*name, url, credential.location, credential.key});
}

bool FieldTraits<Credential>::Parse(const Value& value, const std::string& key,
                                    Diagnostics* diagnostics, Credential* to) {
  if (!value.is_string()) {
    diagnostics->Error(value.location(), key, "expected a string, or secret:NAME");
    return false;
  }
  *to = {value.as_string(), value.location(), key};
  if (!absl::StrContains(to->text, kSecretPrefix) || to->secret().has_value()) return true;
  diagnostics->Error(
      value.location(), key,
      absl::StrCat("a secret is the whole value, secret:NAME; a name is ", SecretNameRule()));
  return false;
}

}  // namespace kur
