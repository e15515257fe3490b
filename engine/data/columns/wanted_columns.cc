#include "engine/data/columns/wanted_columns.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/suggest.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

constexpr size_t kMaxTextShown = 40;

}  // namespace

absl::Status WantedColumns::Check(const std::vector<std::string>& names) const {
  constexpr size_t kMaxShown = 12;
  for (const auto& [name, column] : columns) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::string hint = DidYouMean(name, names);
    if (hint.empty()) {
      const auto num_shown = static_cast<std::ptrdiff_t>(std::min(names.size(), kMaxShown));
      hint = absl::StrCat(
          "; there are: ", absl::StrJoin(names.begin(), names.begin() + num_shown, ", "),
          names.size() > kMaxShown ? ", ..." : "");
    }
    return ErrorAt(column.location, column.key,
                   absl::StrCat("the data have no column '", name, "'", hint));
  }
  return absl::OkStatus();
}

TextClasses::TextClasses(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    numbers_.emplace(text, static_cast<float>(numbers_.size()));
  }
}

absl::StatusOr<float> TextClasses::NumberOf(absl::string_view text) const {
  const auto found = numbers_.find(text);
  if (found != numbers_.end()) return found->second;
  std::vector<std::string> texts;
  for (const auto& [name, number] : numbers_) texts.push_back(name);
  return absl::InvalidArgumentError(absl::StrCat(QuotedText(text), " is none of the classes",
                                                 DidYouMean(text.substr(0, kMaxTextShown), texts)));
}

std::string QuotedText(absl::string_view text) {
  return absl::StrCat("'", absl::CHexEscape(text.substr(0, kMaxTextShown)),
                      text.size() > kMaxTextShown ? "...'" : "'");
}

}  // namespace kur
