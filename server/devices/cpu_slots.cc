#include "server/devices/cpu_slots.h"

#include <sched.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

// The search for the size of the kernel's mask gives up here. More processors than any machine has.
constexpr int kMaxProcessors = 1 << 20;

struct FreeCpuSet {
  void operator()(cpu_set_t* set) const { CPU_FREE(set); }
};

// Returns the number in a file of sysfs, or `fallback` if there is none.
int ReadNumber(const std::string& path, int fallback) {
  const auto text = FileSystem::Posix().Read(path, /*max_bytes=*/4096);
  int number = 0;
  if (!text.ok() || !absl::SimpleAtoi(*text, &number)) return fallback;
  return number;
}

absl::StatusOr<int64_t> MachineMemory() {
  struct sysinfo info = {};
  if (sysinfo(&info) != 0) return ErrnoToStatus(errno, "reading the size of the memory");
  return static_cast<int64_t>(info.totalram) * info.mem_unit;
}

}  // namespace

absl::StatusOr<std::vector<int>> AvailableProcessors() {
  // The kernel does not tell the size of its mask, and refuses a smaller one.
  int error = EINVAL;
  for (int size = 1024; error == EINVAL && size <= kMaxProcessors; size *= 2) {
    const std::unique_ptr<cpu_set_t, FreeCpuSet> set(CPU_ALLOC(size));
    const size_t bytes = CPU_ALLOC_SIZE(size);
    CPU_ZERO_S(bytes, set.get());
    if (sched_getaffinity(0, bytes, set.get()) != 0) {
      error = errno;
      continue;
    }
    std::vector<int> processors;
    for (int i = 0; i < size; ++i) {
      if (CPU_ISSET_S(i, bytes, set.get())) processors.push_back(i);
    }
    return processors;
  }
  return ErrnoToStatus(error, "finding the processors that kurd may use");
}

std::vector<int> OrderByTopology(std::vector<int> processors, const std::string& cpu_directory) {
  std::vector<std::tuple<int, int, int>> keys;  // package, core, processor
  for (const int processor : processors) {
    const std::string topology = absl::StrCat(cpu_directory, "/cpu", processor, "/topology/");
    keys.emplace_back(ReadNumber(topology + "physical_package_id", 0),
                      ReadNumber(topology + "core_id", processor), processor);
  }
  std::sort(keys.begin(), keys.end());
  for (size_t i = 0; i < keys.size(); ++i) processors[i] = std::get<2>(keys[i]);
  return processors;
}

std::vector<std::vector<int>> ShareEvenly(const std::vector<int>& processors, int count) {
  std::vector<std::vector<int>> shares;
  const size_t total = processors.size();
  for (int i = 0; i < count; ++i) {
    std::vector<int> share(processors.begin() + total * i / count,
                           processors.begin() + total * (i + 1) / count);
    std::sort(share.begin(), share.end());
    shares.push_back(std::move(share));
  }
  return shares;
}

std::string ProcessorModel(absl::string_view cpuinfo) {
  for (absl::string_view line : absl::StrSplit(cpuinfo, '\n')) {
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    const absl::string_view key = absl::StripAsciiWhitespace(field.first);
    const absl::string_view value = absl::StripAsciiWhitespace(field.second);
    if (key == "model name" && !value.empty()) return std::string(value);
  }
  return "CPU";
}

absl::StatusOr<std::vector<Device>> MakeCpuSlots(std::vector<std::vector<int>> shares) {
  KUR_ASSIGN_OR_RETURN(const int64_t memory, MachineMemory());
  KUR_ASSIGN_OR_RETURN(const std::string cpuinfo, FileSystem::Posix().Read("/proc/cpuinfo"));
  std::vector<Device> slots;
  for (auto& share : shares) {
    Device slot;
    slot.name = absl::StrCat("cpu", slots.size());
    slot.kind = Device::Kind::kCpu;
    slot.model = ProcessorModel(cpuinfo);
    slot.threads = static_cast<int>(share.size());
    slot.processors = std::move(share);
    slot.memory_bytes = memory;
    slots.push_back(std::move(slot));
  }
  return slots;
}

}  // namespace kur::server
