#ifndef KUR_ENGINE_DATA_COLUMNS_WANTED_COLUMNS_H_
#define KUR_ENGINE_DATA_COLUMNS_WANTED_COLUMNS_H_

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
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
    // Whether the column's classes are all the texts that it has.
    bool collects_texts = false;
    // Whether it is no error if the data lacks the column.
    bool may_be_missing = false;
    // Whether samples may lack a value, which is NaN then, and the text that stands for it in a
    // column of texts.
    bool may_have_gaps = false;
    std::optional<std::string> gap_text;
    // The name under which the Kurfile uses the column, and the place, for diagnostics.
    std::string used_as;
    Location location;
    std::string key;
  };
  // By their names, or by patterns of MatchesGlob().
  std::map<std::string, Column> columns;

  // Returns how the column `name` is used; null: not at all.
  const Column* Find(const std::string& name) const;

  // Returns a diagnostic at the first column that is not among `names` and must be. It suggests a
  // similar name, and ends with `more`.
  absl::Status Check(const std::vector<std::string>& names, absl::string_view more = "") const;
};

// The columns of a supplier whose values are kept as texts (see Source::TextOf()), by their names
// there. True: nothing else of them is used; they may hold anything.
using KeptColumns = std::map<std::string, bool>;

// Whether a name of a column is a pattern of several.
bool IsPattern(absl::string_view name);
// Returns those of `names` that a pattern matches, in the order of the numbers in them.
std::vector<std::string> MatchingNames(const std::vector<std::string>& names,
                                       absl::string_view pattern);

// Says what to do about a sample that lacks a value in a column that the Kurfile uses as `name`, as
// the end of a message.
std::string GapAdvice(absl::string_view name);

// Maps the texts of a column to class numbers. Not thread-safe.
class TextClasses {
 public:
  // Of a column of numbers: there are no texts.
  TextClasses() = default;
  // Of a column that holds the texts, or the classes, that `column` tells.
  explicit TextClasses(const WantedColumns::Column& column);

  bool empty() const { return numbers_.empty() && !collects_; }

  // Whether a sample with `text` lacks a value.
  bool IsGap(absl::string_view text) const { return text.empty() && numbers_.count(text) == 0; }
  // Returns the number of a text; of a gap, that of the text that stands for it, or NaN if none
  // does. Returns INVALID_ARGUMENT, which suggests a similar text, for a text that has no class;
  // where texts are collected, for one too many.
  absl::StatusOr<float> NumberOf(absl::string_view text);

  // Returns the texts that were collected, in the order of their numbers.
  std::vector<std::string> TakeCollected() { return std::move(collected_); }

 private:
  std::map<std::string, float, std::less<>> numbers_;
  bool collects_ = false;
  std::optional<std::string> gap_text_;
  std::vector<std::string> collected_;
};

// Returns a text from a file for a message: quoted, shortened, with control characters escaped.
std::string QuotedText(absl::string_view text);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_WANTED_COLUMNS_H_
