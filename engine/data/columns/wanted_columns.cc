#include "engine/data/columns/wanted_columns.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/glob.h"
#include "engine/base/suggest.h"
#include "engine/base/utf8.h"
#include "engine/data/columns/unicode_text.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

constexpr size_t kMaxTextShown = 40;
// Distinct texts of a column whose classes are inferred.
constexpr size_t kMaxCollected = 100'000;

}  // namespace

const WantedColumns::Column* WantedColumns::Find(const std::string& name) const {
  const auto exact = columns.find(name);
  if (exact != columns.end()) return &exact->second;
  for (const auto& [pattern, column] : columns) {
    if (IsPattern(pattern) && MatchesGlob(pattern, name)) return &column;
  }
  return nullptr;
}

absl::Status WantedColumns::Check(const std::vector<std::string>& names,
                                  absl::string_view more) const {
  constexpr size_t kMaxShown = 12;
  for (const auto& [name, column] : columns) {
    const bool is_there = IsPattern(name)
                              ? !MatchingNames(names, name).empty()
                              : std::find(names.begin(), names.end(), name) != names.end();
    if (is_there || column.may_be_missing) continue;
    std::string hint = DidYouMean(name, names);
    if (hint.empty()) {
      const auto num_shown = static_cast<std::ptrdiff_t>(std::min(names.size(), kMaxShown));
      hint = absl::StrCat(
          "; there are: ", absl::StrJoin(names.begin(), names.begin() + num_shown, ", "),
          names.size() > kMaxShown ? ", ..." : "");
    }
    return ErrorAt(column.location, column.key,
                   absl::StrCat("the data have no column '", name, "'", hint, more));
  }
  return absl::OkStatus();
}

bool IsPattern(absl::string_view name) { return absl::StrContains(name, '*'); }

std::vector<std::string> MatchingNames(const std::vector<std::string>& names,
                                       absl::string_view pattern) {
  // A name as its parts: texts, and numbers by their length and digits, so that 10 follows 9.
  using Part = std::tuple<size_t, std::string>;
  std::vector<std::pair<std::vector<Part>, std::string>> matching;
  for (const std::string& name : names) {
    if (!MatchesGlob(pattern, name)) continue;
    std::vector<Part> parts;
    for (size_t at = 0; at < name.size();) {
      const bool is_number = absl::ascii_isdigit(static_cast<unsigned char>(name[at]));
      size_t end = at;
      while (end < name.size() &&
             absl::ascii_isdigit(static_cast<unsigned char>(name[end])) == is_number) {
        ++end;
      }
      const std::string part = name.substr(at, end - at);
      const size_t zeros = std::min(part.find_first_not_of('0'), part.size());
      parts.emplace_back(is_number ? part.size() - zeros : 0,
                         is_number ? part.substr(zeros) : part);
      at = end;
    }
    matching.emplace_back(std::move(parts), name);
  }
  std::sort(matching.begin(), matching.end());
  std::vector<std::string> sorted;
  for (auto& [parts, name] : matching) sorted.push_back(std::move(name));
  return sorted;
}

std::string GapAdvice(absl::string_view name) {
  return absl::StrCat("; columns: {", name,
                      ": {missing: ...}} says what to do about it: mean, median, most_frequent, a "
                      "value that stands for it, or drop");
}

TextClasses::TextClasses(const WantedColumns::Column& column)
    : collects_(column.collects_texts), gap_text_(column.gap_text) {
  for (const std::string& text : column.texts) {
    numbers_.emplace(ClassText(text), static_cast<float>(numbers_.size()));
  }
}

absl::StatusOr<float> TextClasses::NumberOf(absl::string_view given) {
  if (IsGap(given)) {
    if (!gap_text_) return std::numeric_limits<float>::quiet_NaN();
    given = *gap_text_;
  }
  const std::string text = ClassText(given);
  const auto found = numbers_.find(text);
  if (found != numbers_.end()) return found->second;
  if (collects_) {
    if (collected_.size() == kMaxCollected) {
      return absl::InvalidArgumentError(
          absl::StrCat("there are more than ", kMaxCollected,
                       " different texts; are these classes, or what tells the rows apart?"));
    }
    collected_.emplace_back(text);
    return numbers_.emplace(text, static_cast<float>(numbers_.size())).first->second;
  }
  std::vector<std::string> texts;
  for (const auto& [name, number] : numbers_) texts.push_back(name);
  return absl::InvalidArgumentError(absl::StrCat(QuotedText(text), " is none of the classes",
                                                 DidYouMean(text.substr(0, kMaxTextShown), texts)));
}

std::string QuotedText(absl::string_view text) {
  std::string shown;
  // Invisible characters and bytes that are none would not be seen.
  constexpr char32_t kFirstVisible = 0xa1;
  for (absl::string_view rest = text.substr(0, kMaxTextShown); !rest.empty();) {
    const absl::string_view character = LeadingCharacter(rest);
    const bool is_shown =
        character.size() > 1 && IsUtf8(character) && CodePointOf(character) >= kFirstVisible;
    absl::StrAppend(&shown, is_shown ? std::string(character) : absl::CHexEscape(character));
    rest.remove_prefix(character.size());
  }
  return absl::StrCat("'", shown, text.size() > kMaxTextShown ? "...'" : "'");
}

}  // namespace kur
