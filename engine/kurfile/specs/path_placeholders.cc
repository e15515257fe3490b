#include "engine/kurfile/specs/path_placeholders.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "engine/base/glob.h"
#include "engine/base/suggest.h"

namespace kur {
namespace {

const std::vector<std::string>& Names() {
  static const auto* const kNames = new std::vector<std::string>{
      "BATCH", "EPOCH", "SAMPLE", "TIMESTAMP", "TRAIN_LOSS", "VALIDATION_LOSS"};
  return *kNames;
}

}  // namespace

std::string ExpandPlaceholders(std::string path, const std::map<std::string, std::string>& values) {
  for (const auto& [name, value] : values) {
    path = absl::StrReplaceAll(path, {{absl::StrCat("${", name, "}"), value}});
  }
  return path;
}

void CheckPlaceholders(const FileReference& file, Diagnostics* diagnostics) {
  for (size_t begin = file.path.find("${"); begin != std::string::npos;
       begin = file.path.find("${", begin + 2)) {
    const size_t end = file.path.find('}', begin);
    if (end == std::string::npos) {
      return diagnostics->Error(file.location, file.key, "'${' without '}' in the path");
    }
    const std::string name = file.path.substr(begin + 2, end - begin - 2);
    if (std::count(Names().begin(), Names().end(), name) > 0) continue;
    const std::string near = DidYouMean(name, Names());
    diagnostics->Error(
        file.location, file.key,
        absl::StrCat(
            "unknown placeholder '${", name, "}' in the path",
            near.empty() ? absl::StrCat("; there are: ", absl::StrJoin(Names(), ", ")) : near));
  }
}

bool CanExpandTo(const std::string& pattern, const std::string& path) {
  std::string glob = pattern;
  for (const std::string& name : Names()) {
    glob = absl::StrReplaceAll(glob, {{absl::StrCat("${", name, "}"), "?*"}});
  }
  return glob != pattern && MatchesGlob(glob, path);
}

}  // namespace kur
