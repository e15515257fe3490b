#ifndef KUR_ENGINE_KURFILE_SCHEMA_LIST_ENTRY_H_
#define KUR_ENGINE_KURFILE_SCHEMA_LIST_ENTRY_H_

#include <optional>
#include <string>
#include <vector>

#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// One entry of a list of kinds, except in a model: {KIND: ARGUMENTS, name: NAME, when: CONDITION}.
struct ListEntry {
  std::string kind;   // as it was written
  Location location;  // of the kind's name
  Value arguments;
  std::string key;        // "train.data[0].pickle", or "train.data[0 'digits'].pickle" with a name
  std::string entry_key;  // "train.data[0]"
  Dict sibling_keys;      // the entry's keys out of ListEntryRules::sibling_keys
  // All keys that are allowed beside the kind, for ParseKind().
  std::vector<std::string> known_sibling_keys;
};

// The form of the entries of a list.
struct ListEntryRules {
  std::string category;  // "supplier"
  std::string expected;  // "a supplier, as in 'pickle: train.pkl'"
  bool has_name = false;
  std::vector<std::string> sibling_keys = {};  // further keys that are allowed beside the kind
};

// Returns the entry {NAME: null} for a string NAME; any other value unchanged.
Value NamedEntry(const Value& value);

// Parses the entry at `key`. Returns nothing if `when` is false or after an error. Does not check
// that the kind exists.
std::optional<ListEntry> ParseListEntry(const Value& value, const std::string& key,
                                        const ListEntryRules& rules, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SCHEMA_LIST_ENTRY_H_
