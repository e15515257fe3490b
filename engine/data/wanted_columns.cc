#include "engine/data/wanted_columns.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/suggest.h"
#include "engine/kurfile/diagnostics.h"

namespace kur {

absl::Status WantedColumns::Check(const std::vector<std::string>& names) const {
  constexpr size_t kMostShown = 12;
  for (const auto& [name, column] : columns) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::string hint = DidYouMean(name, names);
    if (hint.empty()) {
      const auto shown = static_cast<std::ptrdiff_t>(std::min(names.size(), kMostShown));
      hint =
          absl::StrCat("; there are: ", absl::StrJoin(names.begin(), names.begin() + shown, ", "),
                       names.size() > kMostShown ? ", ..." : "");
    }
    return ErrorAt(column.location, column.key,
                   absl::StrCat("the data have no column '", name, "'", hint));
  }
  return absl::OkStatus();
}

}  // namespace kur
