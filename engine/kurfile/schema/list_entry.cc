#include "engine/kurfile/schema/list_entry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/suggest.h"
#include "engine/kurfile/schema/container_keys.h"
#include "engine/kurfile/schema/fields.h"

namespace kur {
namespace {

// Returns "[0 'digits']" for "[0]".
std::string WithName(const std::string& key, const std::string& name) {
  return absl::StrCat(key.substr(0, key.size() - 1), " '", name, "']");
}

bool Contains(const std::vector<std::string>& names, const Value& key) {
  return key.is_string() && std::find(names.begin(), names.end(), key.as_string()) != names.end();
}

std::vector<std::string> KnownSiblingKeys(const ListEntryRules& rules) {
  std::vector<std::string> known = rules.sibling_keys;
  known.emplace_back("when");
  if (rules.has_name) known.emplace_back("name");
  return known;
}

// Reports two keys that could be the kind: either the entry holds two kinds, or one key is
// misspelled.
void ReportSecondKind(const Value& first, const Value& second, const std::string& key,
                      const ListEntryRules& rules, Diagnostics* diagnostics) {
  const std::vector<std::string> known = KnownSiblingKeys(rules);
  for (const Value* name : {&second, &first}) {
    const std::string near = name->is_string() ? DidYouMean(name->as_string(), known) : "";
    if (near.empty()) continue;
    diagnostics->Error(name->location(), key, absl::StrCat("unknown key ", Describe(*name), near));
    return;
  }
  diagnostics->Error(second.location(), key,
                     absl::StrCat("one ", rules.category,
                                  " in each entry of the list; begin another entry with '-'"));
}

}  // namespace

Value NamedEntry(const Value& value) {
  if (!value.is_string()) return value;
  Dict dict;
  dict.Set(value, Value().At(value.location()));
  return Value(std::move(dict)).At(value.location());
}

std::optional<ListEntry> ParseListEntry(const Value& value, const std::string& key,
                                        const ListEntryRules& rules, Diagnostics* diagnostics) {
  if (!value.is_dict()) {
    ReportType(value, key, rules.expected, diagnostics);
    return std::nullopt;
  }
  const Dict::Entry* found = nullptr;
  Dict sibling_keys;
  for (const auto& part : value.as_dict()) {
    if (part.first == Value("when") || (rules.has_name && part.first == Value("name"))) continue;
    if (Contains(rules.sibling_keys, part.first)) {
      sibling_keys.Set(part.first, part.second);
      continue;
    }
    if (found != nullptr) {
      ReportSecondKind(found->first, part.first, key, rules, diagnostics);
      return std::nullopt;
    }
    found = &part;
  }
  const Value* when = value.Find("when");
  if (when != nullptr && !Truthy(*when)) return std::nullopt;
  if (found == nullptr || !found->first.is_string()) {
    ReportType(value, key, rules.expected, diagnostics);
    return std::nullopt;
  }
  ListEntry entry{found->first.as_string(), found->first.location(), found->second, key, key,
                  std::move(sibling_keys),  KnownSiblingKeys(rules)};
  const Value* name = rules.has_name ? value.Find("name") : nullptr;
  if (name != nullptr && !name->is_null()) {
    if (name->is_list() || name->is_dict()) {
      ReportType(*name, key + ".name", "a name", diagnostics);
    } else {
      entry.key = WithName(key, name->is_string() ? name->as_string() : ToJson(*name));
    }
  }
  entry.entry_key = entry.key;
  absl::StrAppend(&entry.key, ".", entry.kind);
  if (!entry.arguments.location().known()) {
    entry.arguments = entry.arguments.At(entry.location);
  }
  return entry;
}

}  // namespace kur
