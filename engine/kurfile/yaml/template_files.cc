#include "engine/kurfile/yaml/template_files.h"

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

}  // namespace

absl::StatusOr<Value> TemplateFiles::Load(const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const std::string normalized, NormalizeRelativePath(path));
  const auto it = loaded_.find(normalized);
  if (it != loaded_.end()) return it->second;
  if (files_.size() >= kMaxFiles) {
    return absl::InvalidArgumentError(
        absl::StrCat("templates read more than ", kMaxFiles, " files"));
  }
  if (!sources_.IsWithin(normalized, folder_)) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, " leads outside of the Kurfile's folder"));
  }
  const std::string file = JoinPath(folder_, normalized);
  KUR_ASSIGN_OR_RETURN(const std::string text, sources_.Read(file, kMaxFileBytes));
  KUR_ASSIGN_OR_RETURN(Value value,
                       ParseYaml(text, std::make_shared<const std::string>(normalized)));
  files_.push_back(file);
  loaded_.emplace(normalized, value);
  return value;
}

}  // namespace kur
