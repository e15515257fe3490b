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

// The columns that a Kurfile uses of a supplier, by their names in the supplier. A reader of text
// may skip all others.
struct WantedColumns {
  struct Column {
    // The texts of the classes 0, 1, ...; empty: the column holds numbers.
    std::vector<std::string> texts;
    // The place in the Kurfile that uses the column, for diagnostics.
    Location location;
    std::string key;
  };
  std::map<std::string, Column> columns;

  // Returns a diagnostic at the first column that is not among `names`. It suggests a similar name.
  absl::Status Check(const std::vector<std::string>& names) const;
};

// Maps the texts of a column to class numbers. Immutable, thread-safe.
class TextClasses {
 public:
  // `texts` are those of the classes 0, 1, ...
  explicit TextClasses(const std::vector<std::string>& texts);

  bool empty() const { return numbers_.empty(); }

  // Returns INVALID_ARGUMENT, which suggests a similar text, for a text that has no class.
  absl::StatusOr<float> NumberOf(absl::string_view text) const;

 private:
  std::map<std::string, float, std::less<>> numbers_;
};

// Returns a text from a file for a message: quoted, shortened, with control characters escaped.
std::string QuotedText(absl::string_view text);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_WANTED_COLUMNS_H_
