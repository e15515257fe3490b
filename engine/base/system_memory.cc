#include "engine/base/system_memory.h"

#include <unistd.h>

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/file_system.h"

namespace kur {
namespace {

constexpr int64_t kMaxBytes = 1 << 16;

// The limits of this process' control group and of those around it.
int64_t ControlGroupLimit(int64_t limit) {
  const auto groups = FileSystem::Posix().Read("/proc/self/cgroup", kMaxBytes);
  if (!groups.ok()) return limit;
  for (absl::string_view line : absl::StrSplit(*groups, '\n')) {
    if (!absl::StartsWith(line, "0::/")) continue;
    std::string group(line.substr(3));
    while (true) {
      const auto text =
          FileSystem::Posix().Read(absl::StrCat("/sys/fs/cgroup", group, "/memory.max"), kMaxBytes);
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
