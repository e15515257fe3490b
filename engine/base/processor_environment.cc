#include "engine/base/processor_environment.h"

#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"

namespace kur {
namespace {

struct Processor {
  std::string vendor;
  std::set<std::string> flags;

  bool Has(std::initializer_list<const char*> wanted) const {
    for (const char* flag : wanted) {
      if (flags.count(flag) == 0) return false;
    }
    return true;
  }
};

// Parses the first processor of the text; all processors of a machine are alike.
Processor ParseProcessor(absl::string_view cpuinfo) {
  Processor processor;
  for (absl::string_view line : absl::StrSplit(cpuinfo, '\n')) {
    const std::pair<absl::string_view, absl::string_view> field =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    const absl::string_view key = absl::StripAsciiWhitespace(field.first);
    const absl::string_view value = absl::StripAsciiWhitespace(field.second);
    if (key == "vendor_id" && processor.vendor.empty()) processor.vendor = std::string(value);
    if (key == "flags" && processor.flags.empty()) {
      processor.flags = absl::StrSplit(value, ' ', absl::SkipEmpty());
    }
  }
  return processor;
}

}  // namespace

std::map<std::string, std::string> ProcessorEnvironment(absl::string_view cpuinfo) {
  const Processor processor = ParseProcessor(cpuinfo);
  if (!processor.Has({"avx2", "fma"})) return {};
  if (processor.Has({"avx512f", "avx512bw", "avx512dq", "avx512vl"})) {
    return {{"ATEN_CPU_CAPABILITY", "avx512"}, {"OPENBLAS_CORETYPE", "SkylakeX"}};
  }
  // Hygon's processors are AMD's first Zen.
  const bool is_zen = processor.vendor == "AuthenticAMD" || processor.vendor == "HygonGenuine";
  return {{"ATEN_CPU_CAPABILITY", "avx2"}, {"OPENBLAS_CORETYPE", is_zen ? "Zen" : "Haswell"}};
}

}  // namespace kur
