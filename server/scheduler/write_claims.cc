#include "server/scheduler/write_claims.h"

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "engine/base/path_resolver.h"

namespace kur::server {
namespace {

// One spelling a path. What cannot be normalized stays as it is: it will be refused elsewhere.
std::string Normalized(const std::string& path) {
  const auto normalized = NormalizeRelativePath(path);
  return normalized.ok() ? *normalized : path;
}

// No project can be called "~": names are letters, digits, '.', '_' and '-'.
std::pair<std::string, std::string> ScopeOf(const SchedulableJob& job, const std::string& path) {
  const bool in_home = path == "~" || absl::StartsWith(path, "~/");
  return {job.owner, in_home ? "~" : job.project};
}

// The job that claimed `path`, a folder above it or something below it; null if none did.
const std::string* FindClaimant(const std::map<std::string, std::string>& claimants,
                                const std::string& path) {
  for (size_t end = path.size(); end != std::string::npos; end = path.rfind('/', end - 1)) {
    const auto above = claimants.find(path.substr(0, end));
    if (above != claimants.end()) return &above->second;
    if (end == 0) break;
  }
  const std::string folder = path + "/";
  const auto below = claimants.lower_bound(folder);
  if (below == claimants.end() || !absl::StartsWith(below->first, folder)) return nullptr;
  return &below->second;
}

}  // namespace

std::optional<WriteClaims::Conflict> WriteClaims::Find(const SchedulableJob& job) const {
  for (const std::string& path : job.writes) {
    const std::string normalized = Normalized(path);
    const auto scope = scopes_.find(ScopeOf(job, normalized));
    if (scope == scopes_.end()) continue;
    const std::string* claimant = FindClaimant(scope->second, normalized);
    if (claimant != nullptr) return Conflict{path, *claimant};
  }
  return std::nullopt;
}

void WriteClaims::Add(const SchedulableJob& job) {
  for (const std::string& path : job.writes) {
    const std::string normalized = Normalized(path);
    scopes_[ScopeOf(job, normalized)].emplace(normalized, job.name);
  }
}

}  // namespace kur::server
