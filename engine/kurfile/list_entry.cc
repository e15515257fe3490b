#include "engine/kurfile/list_entry.h"

#include "absl/strings/str_cat.h"
#include "engine/kurfile/container_keys.h"
#include "engine/kurfile/fields.h"

namespace kur {
namespace {

// "[0]" -> "[0 'digits']".
std::string Labelled(const std::string& key, const std::string& name) {
  return absl::StrCat(key.substr(0, key.size() - 1), " '", name, "']");
}

}  // namespace

std::optional<ListEntry> ParseListEntry(const Value& value, const std::string& key,
                                        const ListEntryRules& rules, Diagnostics* diagnostics) {
  if (!value.is_dict()) {
    ReportType(value, key, rules.expected, diagnostics);
    return std::nullopt;
  }
  const Dict::Entry* found = nullptr;
  for (const auto& part : value.as_dict()) {
    if (part.first == Value("when") || (rules.has_name && part.first == Value("name"))) continue;
    if (found != nullptr) {
      diagnostics->Error(part.first.location(), key,
                         absl::StrCat("one ", rules.sort,
                                      " in each entry of the list; begin another entry with '-'"));
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
  ListEntry entry{found->first.as_string(), found->first.location(), found->second, key};
  const Value* name = rules.has_name ? value.Find("name") : nullptr;
  if (name != nullptr && !name->is_null()) {
    if (name->is_list() || name->is_dict()) {
      ReportType(*name, key + ".name", "a name", diagnostics);
    } else {
      entry.key = Labelled(key, name->is_string() ? name->as_string() : ToJson(*name));
    }
  }
  absl::StrAppend(&entry.key, ".", entry.kind);
  if (!entry.arguments.location().known()) {
    entry.arguments = entry.arguments.At(entry.location);
  }
  return entry;
}

}  // namespace kur
