#include "engine/value/secret_reference.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace kur {

bool IsSecretName(absl::string_view name) {
  return !name.empty() && name.size() <= kMaxSecretNameBytes && absl::ascii_isalpha(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return absl::ascii_isalnum(c) || c == '_' || c == '-'; });
}

std::string SecretNameRule() {
  return absl::StrCat("a letter, then letters, digits, '_' and '-', at most ", kMaxSecretNameBytes,
                      " in all");
}

std::optional<std::string> SecretNameIn(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, kSecretPrefix) || !IsSecretName(text)) return std::nullopt;
  return std::string(text);
}

}  // namespace kur
