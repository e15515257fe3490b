#include "engine/base/system_memory.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/file_system.h"

namespace kur {
namespace {

constexpr int64_t kMaxBytes = 1 << 16;

// Returns the least limit in bytes of this process's control group and the groups that contain it,
// or `limit` if that is less.
int64_t ControlGroupLimit(int64_t limit) {
  const auto groups = FileSystem::Posix().Read("/proc/self/cgroup", kMaxBytes);
  if (!groups.ok()) return limit;
  for (absl::string_view line : absl::StrSplit(*groups, '\n')) {
    // "number:controllers:/path"; version 2 has one group, without controllers.
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    const bool unified = parts[1].empty();
    if (!unified && parts[1] != "memory") continue;
    std::string group = parts[2];
    while (true) {
      const auto text =
          FileSystem::Posix().Read(absl::StrCat("/sys/fs/cgroup", unified ? "" : "/memory", group,
                                                unified ? "/memory.max" : "/memory.limit_in_bytes"),
                                   kMaxBytes);
      int64_t bytes = 0;
      if (text.ok() && absl::SimpleAtoi(absl::StripAsciiWhitespace(*text), &bytes)) {
        limit = std::min(limit, bytes);
      }
      if (group.empty() || group == "/") break;
      group = DirectoryOf(group);
    }
  }
  return limit;
}

}  // namespace

int64_t TotalMemoryBytes() {
  const int64_t physical = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  return ControlGroupLimit(physical);
}

}  // namespace kur
