#include "engine/data/series_windows.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/data/columns/window_source.h"
#include "engine/data/supplier.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

// Checks that what a window is to have as targets is there, unless nobody reads it.
absl::Status CheckTargets(const SupplierView& view, const OpenContext& context,
                          const SourceMap& sources) {
  if (!view.window.has_value()) return absl::OkStatus();
  std::vector<std::string> names;
  for (const auto& [name, source] : sources) names.push_back(name);
  for (const std::string& target : view.window->targets) {
    const bool may_be_missing = context.may_lack_others && !context.Reads(target);
    if (sources.count(target) > 0 || may_be_missing) continue;
    return ErrorAt(view.location, view.key + ".window.targets",
                   absl::StrCat("there is no source '", target, "'", DidYouMean(target, names)));
  }
  return absl::OkStatus();
}

// Says which rows a window takes.
std::string NeedsOf(const SeriesWindow& window, bool has_targets) {
  return absl::StrCat("a window takes ", window.length,
                      has_targets ? absl::StrCat(" and ", window.ahead, " ahead") : "");
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> TakeSeries(const SupplierView& view,
                                                const OpenContext& context, SourceMap* sources) {
  std::vector<int64_t> series;
  if (!view.window.has_value() || !view.window->series.has_value()) return series;
  const std::string& column = *view.window->series;
  const auto found = sources->find(column);
  if (found == sources->end()) {
    std::vector<std::string> names;
    for (const auto& [name, source] : *sources) names.push_back(name);
    return ErrorAt(
        view.location, view.key + ".window.series",
        absl::StrCat("the data have no column '", column, "'", DidYouMean(column, names)));
  }
  std::string before;
  for (int64_t row = 0; row < found->second->size(); ++row) {
    std::string text = found->second->TextOf(row);
    const bool is_same = row > 0 && text == before;
    series.push_back(row == 0 ? 0 : series.back() + (is_same ? 0 : 1));
    before = std::move(text);
  }
  const auto kept = context.kept.find(column);
  const bool is_only_kept = kept != context.kept.end() && kept->second;
  const bool is_kept = context.keep.count(column) > 0;  // under another name, later
  if (is_only_kept && !is_kept && !context.wanted.has_value()) sources->erase(found);
  return series;
}

absl::StatusOr<SampleIndices> FindWindows(const SupplierView& view, const SeriesRows& rows,
                                          const SourceMap& sources, const OpenContext& context) {
  if (!view.window.has_value()) return SampleIndices();
  KUR_RETURN_IF_ERROR(CheckTargets(view, context, sources));
  std::vector<int64_t> series = rows.series;
  int64_t count = rows.count;
  if (rows.of_section != nullptr) {
    count = static_cast<int64_t>(rows.of_section->size());
    series.clear();
    for (const int64_t row : *rows.of_section) {
      if (!rows.series.empty()) series.push_back(rows.series[static_cast<size_t>(row)]);
    }
  }
  const bool has_targets = std::any_of(sources.begin(), sources.end(), [&](const auto& entry) {
    return view.window->IsTarget(entry.first);
  });
  auto first_rows = FirstRowsOfWindows(count, series, *view.window, has_targets);
  const std::string needs = NeedsOf(*view.window, has_targets);
  if (first_rows.empty()) {
    const char* const what = series.empty() ? "the series" : "every series";
    return ErrorAt(view.location, view.key,
                   absl::StrCat(what, " of the ", count, " rows is too short: ", needs,
                                "; give it a smaller length"));
  }
  const std::set<int64_t> all(series.begin(), series.end());
  std::set<int64_t> used;
  for (const int64_t row : first_rows) {
    if (!series.empty()) used.insert(series[static_cast<size_t>(row)]);
  }
  if (used.size() < all.size()) {
    context.tell(absl::StrCat(view.key, ": ", all.size() - used.size(), " of ", all.size(),
                              " series are left out, as ", needs, " rows"));
  }
  return std::make_shared<const std::vector<int64_t>>(std::move(first_rows));
}

}  // namespace kur
