#include "engine/data/archive_members.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/path_resolver.h"
#include "engine/base/status.h"
#include "engine/base/system_memory.h"
#include "engine/formats/tar_reader.h"

namespace kur {
namespace {

// Gives links the content of what they lead to; those that lead nowhere are other files. A few
// bytes can ask for a copy of a large file: all together they take at most `max_bytes`.
absl::Status FollowLinks(const std::vector<TarReader::Link>& links, int64_t max_bytes,
                         const std::function<bool(const std::string&)>& wanted,
                         ArchiveMembers* members) {
  std::vector<std::pair<std::string, std::string>> open;
  for (const auto& [name, target] : links) {
    const auto path = NormalizeRelativePath(name);
    const auto other = NormalizeRelativePath(target);
    if (!path.ok() || IsHiddenPath(*path)) continue;
    if (!other.ok() || !wanted(*path)) {
      members->others.Add(*path);
      continue;
    }
    open.emplace_back(*path, *other);
  }
  // A link may lead to another one.
  for (size_t before = open.size() + 1; open.size() < before;) {
    before = open.size();
    std::vector<std::pair<std::string, std::string>> left;
    for (const auto& [path, target] : open) {
      const auto found = members->contents.find(target);
      if (found == members->contents.end()) {
        left.emplace_back(path, target);
        continue;
      }
      max_bytes -= static_cast<int64_t>(found->second.size());
      if (max_bytes < 0) {
        return absl::ResourceExhaustedError(
            absl::StrCat("with its links the archive has too many bytes; the last was ", path));
      }
      members->contents[path] = found->second;
    }
    open = std::move(left);
  }
  for (const auto& entry : open) members->others.Add(entry.first);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ArchiveMembers> ReadArchiveMembers(
    const std::string& file, const std::function<bool(const std::string&)>& wanted) {
  TarLimits limits;
  limits.max_bytes = std::min(limits.max_bytes, TotalMemoryBytes() / 2);
  limits.max_members = 10'000'000;
  KUR_ASSIGN_OR_RETURN(const auto reader, TarReader::Open(file, limits));
  ArchiveMembers members;
  int64_t bytes = 0;
  while (true) {
    KUR_ASSIGN_OR_RETURN(const auto member, reader->Next());
    if (!member.has_value()) break;
    const auto path = NormalizeRelativePath(member->name);
    if (!path.ok() || IsHiddenPath(*path)) continue;
    if (!wanted(*path)) {
      members.others.Add(*path);
      continue;
    }
    KUR_ASSIGN_OR_RETURN(members.contents[*path], reader->ReadContent());
    bytes += static_cast<int64_t>(members.contents[*path].size());
  }
  KUR_RETURN_IF_ERROR(FollowLinks(reader->links(), limits.max_bytes - bytes, wanted, &members));
  return members;
}

}  // namespace kur
