#ifndef KUR_ENGINE_DATA_COLUMNS_WANTED_COLUMNS_H_
#define KUR_ENGINE_DATA_COLUMNS_WANTED_COLUMNS_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
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

// The numbers of classes that texts stand for. Immutable, thread-safe.
class TextClasses {
 public:
  // The classes 0, 1, ...
  explicit TextClasses(const std::vector<std::string>& texts);

  bool empty() const { return numbers_.empty(); }

  // INVALID_ARGUMENT, with the nearest class, for a text that is none of them.
  absl::StatusOr<float> NumberOf(absl::string_view text) const;

 private:
  std::map<std::string, float, std::less<>> numbers_;
};

// A text from a file as it stands in a message: quoted, without control characters, and not long.
std::string QuotedText(absl::string_view text);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_WANTED_COLUMNS_H_
