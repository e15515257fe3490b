#ifndef KUR_ENGINE_KURFILE_SCHEMA_LIST_ENTRY_H_
#define KUR_ENGINE_KURFILE_SCHEMA_LIST_ENTRY_H_

#include <optional>
#include <string>
#include <vector>

#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// One entry of a list of kinds that is not a model: {KIND: ARGUMENTS, name: NAME, when: CONDITION}.
struct ListEntry {
  std::string kind;   // as it was written
  Location location;  // of the kind's name
  Value arguments;
  std::string key;        // "train.data[0].pickle", or "train.data[0 'digits'].pickle" with a name
  std::string entry_key;  // "train.data[0]"
  Dict sibling_keys;      // what there is of the rules' `sibling_keys`
  // All keys that may stand sibling_keys the kind, for ParseKind().
  std::vector<std::string> known_sibling_keys;
};

// What entries of a list are.
struct ListEntryRules {
  std::string category;  // "supplier"
  std::string expected;  // "a supplier, as in 'pickle: train.pkl'"
  bool has_name = false;
  std::vector<std::string> sibling_keys = {};  // keys that may stand sibling_keys the kind
};

// The entry {NAME: null} for a value NAME; other values as they are.
Value NamedEntry(const Value& value);

// Reads the entry that stands at `key`. Absent if its `when` leaves it out, or if it is wrong,
// which is reported. Whether there is such a kind is not looked at.
std::optional<ListEntry> ParseListEntry(const Value& value, const std::string& key,
                                        const ListEntryRules& rules, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SCHEMA_LIST_ENTRY_H_
