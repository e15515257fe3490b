#include "engine/base/library_kernels.h"

#include <array>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

constexpr std::array<const char*, 2> kVariables = {"ATEN_CPU_CAPABILITY", "OPENBLAS_CORETYPE"};

KernelChoice Kernels(const std::string& blas, const std::string& aten) {
  return {{"OPENBLAS_CORETYPE", blas}, {"ATEN_CPU_CAPABILITY", aten}};
}

}  // namespace

std::vector<KernelChoice> KernelChoices(absl::string_view cpuinfo) {
  const Processor processor = ParseProcessor(cpuinfo);
  // Hygon's processors are AMD's first Zen.
  const bool is_zen = processor.vendor == "AuthenticAMD" || processor.vendor == "HygonGenuine";
  std::vector<KernelChoice> choices;
  if (processor.Has({"avx2", "fma"})) {
    if (processor.Has({"avx512f", "avx512bw", "avx512dq", "avx512vl"})) {
      choices.push_back(Kernels("SkylakeX", "avx512"));
    }
    choices.push_back(Kernels(is_zen ? "Zen" : "Haswell", "avx2"));
  }
  choices.emplace_back();
  // SSE3 goes by its first name there.
  if (processor.Has({"pni"})) choices.push_back(Kernels("Prescott", "default"));
  return choices;
}

void SetKernelChoice(const std::vector<KernelChoice>& choices, size_t index,
                     Environment* environment) {
  std::set<std::string> kept;
  if (environment->count(kKernelChoiceVariable) > 0) {
    kept = absl::StrSplit((*environment)[kKeptVariable], ',', absl::SkipEmpty());
  } else {
    for (const char* name : kVariables) {
      if (environment->count(name) > 0) kept.insert(name);
    }
  }
  for (const char* name : kVariables) {
    if (kept.count(name) == 0) environment->erase(name);
  }
  environment->insert(choices[index].begin(), choices[index].end());
  (*environment)[kKernelChoiceVariable] = absl::StrCat(index);
  (*environment)[kKeptVariable] = absl::StrJoin(kept, ",");
}

void SetThreadWaiting(Environment* environment) {
  // Turns of GCC's loop: about a tenth of a millisecond.
  constexpr char kTurns[] = "5000";
  if (environment->count("OMP_WAIT_POLICY") > 0) return;
  environment->emplace("GOMP_SPINCOUNT", kTurns);
}

KernelChoice ChoiceIn(const Environment& environment) {
  KernelChoice choice;
  for (const char* name : kVariables) {
    const auto variable = environment.find(name);
    if (variable != environment.end()) choice.insert(*variable);
  }
  return choice;
}

std::string Describe(const KernelChoice& choice) {
  if (choice.empty()) return "the libraries' own";
  return absl::StrJoin(choice, ", ", absl::PairFormatter("="));
}

}  // namespace kur
