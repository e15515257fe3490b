#include "engine/kurfile/specs/hook_spec.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/kurfile/schema/list_entry.h"

namespace kur {
namespace {

// Parses one entry of `hooks`: NAME, or {NAME: ..., when: ...}.
std::shared_ptr<const HookSpec> ParseHook(const Value& value, const std::string& key,
                                          Diagnostics* diagnostics) {
  const auto hook =
      ParseListEntry(NamedEntry(value), key,
                     {"hook", "a hook, as in 'mnist' or 'output: {path: x.pkl}'"}, diagnostics);
  if (!hook) return nullptr;
  return ParseKind<HookSpec>("hook", absl::AsciiStrToLower(hook->kind), hook->location,
                             hook->arguments, hook->key, diagnostics, hook->known_sibling_keys);
}

}  // namespace

HookSpecs ParseHooks(const std::string& section, const Value& hooks, Diagnostics* diagnostics) {
  HookSpecs specs;
  const std::string key = section + ".hooks";
  if (hooks.is_null()) return specs;
  if (!hooks.is_list()) {
    ReportType(hooks, key, "a list of hooks", diagnostics);
    return specs;
  }
  const bool training = section == "train";
  for (size_t i = 0; i < hooks.as_list().size(); ++i) {
    auto spec = ParseHook(hooks.as_list()[i], absl::StrCat(key, "[", i, "]"), diagnostics);
    if (spec == nullptr) continue;
    if (!(training ? spec->IsForTraining() : spec->IsForResults())) {
      diagnostics->Error(spec->location, spec->key,
                         absl::StrCat("the hook '", spec->kind(), "' belongs under ",
                                      training ? "validate, test or evaluate" : "train"));
    } else if (!spec->IsRunnable()) {
      diagnostics->Warning(
          spec->location, spec->key,
          absl::StrCat("this version does not run the hook '", spec->kind(), "': it is left out"));
    }
    specs.push_back(std::move(spec));
  }
  return specs;
}

}  // namespace kur
