#include "engine/data/data_view.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/random.h"
#include "engine/base/status.h"
#include "engine/data/columns/column_source.h"
#include "engine/data/supplier.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

// The random stream that draws splits.
constexpr uint64_t kSplitStream = 0;

bool MayBeMissing(const ColumnSpec& column, const OpenContext& context) {
  return context.may_lack_others && !context.Reads(column.name);
}

}  // namespace

WantedColumns ColumnsWantedBy(const SupplierView& view, const OpenContext& context) {
  WantedColumns wanted;
  for (const ColumnSpec& column : *view.columns) {
    WantedColumns::Column use;
    use.location = column.location;
    use.key = column.key;
    use.used_as = column.name;
    if (column.one_hot.has_value()) {
      use.texts = column.one_hot->texts;
      use.collects_texts = column.one_hot->is_inferred;
    }
    use.may_be_missing = MayBeMissing(column, context);
    use.may_have_gaps = column.missing.kind != GapSpec::Kind::kError;
    if (column.missing.kind == GapSpec::Kind::kText) use.gap_text = column.missing.text;
    if (column.missing.kind == GapSpec::Kind::kNumber && column.one_hot.has_value()) {
      use.gap_text = FormatFloat(column.missing.number);
    }
    for (const std::string& from : column.from) {
      WantedColumns::Column& first = wanted.columns.emplace(from, use).first->second;
      first.may_be_missing = first.may_be_missing && use.may_be_missing;
      first.may_have_gaps = first.may_have_gaps && use.may_have_gaps;
    }
  }
  return wanted;
}

absl::StatusOr<SampleIndices> SplitSamples(const SupplierView& view, const std::string& section,
                                           int64_t size) {
  if (!view.split.has_value()) return SampleIndices();
  const auto [first, last] = view.split->PartOf(section, size);
  if (first >= last) {
    return ErrorAt(view.split_location, view.split_key,
                   absl::StrCat("none of the ", size, " samples is in the part of the section '",
                                section, "'; give it a larger share"));
  }
  if (view.window.has_value()) {
    // At random, a window of one part would overlap those of another.
    std::vector<int64_t> rows(static_cast<size_t>(last - first));
    std::iota(rows.begin(), rows.end(), first);
    return std::make_shared<const std::vector<int64_t>>(std::move(rows));
  }
  const std::vector<int64_t> order =
      Permutation(size, static_cast<uint64_t>(view.split->seed), kSplitStream);
  std::vector<int64_t> part(order.begin() + first, order.begin() + last);
  std::sort(part.begin(), part.end());
  return std::make_shared<const std::vector<int64_t>>(std::move(part));
}

absl::StatusOr<SourceMap> SelectColumns(const SupplierView& view, SourceMap sources) {
  if (!view.columns.has_value()) return sources;
  std::vector<std::string> names;
  for (const auto& [name, source] : sources) names.push_back(name);
  SourceMap columns;
  for (const ColumnSpec& column : *view.columns) {
    std::vector<std::shared_ptr<const Source>> parts;
    bool is_complete = true;
    for (const std::string& from : column.from) {
      const auto matching = sources.count(from) == 0 && IsPattern(from)
                                ? MatchingNames(names, from)
                                : std::vector<std::string>{from};
      for (const std::string& name : matching) {
        const auto part = sources.find(name);
        if (part != sources.end()) parts.push_back(part->second);
        is_complete = is_complete && part != sources.end();
      }
    }
    if (!is_complete || parts.empty()) continue;
    auto combined = CombineColumns(std::move(parts));
    if (!combined.ok()) {
      return ErrorAt(column.location, column.key, std::string(combined.status().message()));
    }
    columns[column.name] = *std::move(combined);
  }
  return columns;
}

}  // namespace kur
