#include "engine/kurfile/yaml/template_files.h"

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/path_resolver.h"
#include "engine/base/status.h"
#include "engine/kurfile/yaml/yaml.h"

namespace kur {
namespace {

constexpr int64_t kMaxFileBytes = 1 << 20;
constexpr size_t kMaxFiles = 64;

// Resolves all links. Returns `path` unchanged if the file does not exist.
std::string ResolveLinks(const std::string& path) {
  char buffer[PATH_MAX];
  return realpath(path.empty() ? "." : path.c_str(), buffer) != nullptr ? buffer : path;
}

}  // namespace

absl::StatusOr<Value> TemplateFiles::Load(const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const std::string normalized, NormalizeRelativePath(path));
  const auto it = loaded_.find(normalized);
  if (it != loaded_.end()) return it->second;
  if (files_.size() >= kMaxFiles) {
    return absl::InvalidArgumentError(
        absl::StrCat("templates read more than ", kMaxFiles, " files"));
  }
  // Absolute, so that a file that is not there is inside of it as well.
  const std::string folder = ResolveLinks(folder_);
  const std::string file = JoinPath(folder, normalized);
  if (!absl::StartsWith(ResolveLinks(file), folder + "/")) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, " leads outside of the Kurfile's folder"));
  }
  std::error_code ignored;
  if (Exists(file) && !std::filesystem::is_regular_file(file, ignored)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is no regular file"));
  }
  KUR_ASSIGN_OR_RETURN(const std::string text, FileSystem::Posix().Read(file, kMaxFileBytes));
  KUR_ASSIGN_OR_RETURN(Value value,
                       ParseYaml(text, std::make_shared<const std::string>(normalized)));
  files_.push_back(JoinPath(folder_, normalized));
  loaded_.emplace(normalized, value);
  return value;
}

}  // namespace kur
