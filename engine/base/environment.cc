#include "engine/base/environment.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace kur {

Environment OwnEnvironment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::pair<std::string, std::string> variable = absl::StrSplit(*entry, absl::MaxSplits('=', 1));
    if (absl::StrContains(*entry, "=")) environment.insert(std::move(variable));
  }
  return environment;
}

}  // namespace kur
