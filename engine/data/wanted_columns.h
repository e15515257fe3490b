#ifndef KUR_ENGINE_DATA_WANTED_COLUMNS_H_
#define KUR_ENGINE_DATA_WANTED_COLUMNS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/location.h"

namespace kur {

// The columns that a Kurfile asks a supplier for, by the supplier's names of them. A reader of text
// need not look at others. Immutable, thread-safe.
struct WantedColumns {
  struct Column {
    // The texts that stand for the classes 0, 1, ...; empty: the column holds numbers.
    std::vector<std::string> texts;
    // Where the Kurfile asks for it.
    Location location;
    std::string key;
  };
  std::map<std::string, Column> columns;

  // A diagnostic at the first column that is not among `names`, with the nearest of them.
  absl::Status Check(const std::vector<std::string>& names) const;
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_WANTED_COLUMNS_H_
