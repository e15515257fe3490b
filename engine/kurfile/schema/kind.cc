#include "engine/kurfile/schema/kind.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace kur {

Value RemoveMisplacedKeys(const Value& arguments, const std::vector<std::string>& sibling_keys,
                          const KeyTable& keys, const std::string& kind, const std::string& key,
                          Diagnostics* diagnostics) {
  if (!arguments.is_dict()) return arguments;
  std::vector<std::string> misplaced;
  for (const auto& [name, value] : arguments.as_dict()) {
    if (!name.is_string() || keys.Has(name.as_string())) continue;
    if (std::find(sibling_keys.begin(), sibling_keys.end(), name.as_string()) == sibling_keys.end())
      continue;
    diagnostics->Error(
        name.location(), key,
        absl::StrCat("'", name.as_string(), "' is no key of ", kind,
                     " but of the entry: put it beside '", kind, "', in the same column"));
    misplaced.push_back(name.as_string());
  }
  if (misplaced.empty()) return arguments;
  Dict own = arguments.as_dict();
  for (const std::string& name : misplaced) own.Erase(name);
  return Value(std::move(own)).At(arguments.location());
}

}  // namespace kur
