#include "engine/data/data_view.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/random.h"
#include "engine/base/status.h"
#include "engine/data/columns/column_source.h"
#include "engine/data/subset_source.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

// The random stream that draws splits.
constexpr uint64_t kSplitStream = 0;

// Returns the indices of the samples that the split gives to a section, ascending.
absl::StatusOr<std::vector<int64_t>> SplitIndices(const SupplierView& view,
                                                  const std::string& section, int64_t size) {
  const auto [first, last] = view.split->PartOf(section, size);
  if (first >= last) {
    return ErrorAt(view.split_location, view.split_key,
                   absl::StrCat("none of the ", size, " samples is in the part of the section '",
                                section, "'; give it a larger share"));
  }
  const std::vector<int64_t> order =
      Permutation(size, static_cast<uint64_t>(view.split->seed), kSplitStream);
  std::vector<int64_t> part(order.begin() + first, order.begin() + last);
  std::sort(part.begin(), part.end());
  return part;
}

absl::StatusOr<std::shared_ptr<const Source>> MakeColumn(const ColumnSpec& column,
                                                         const SourceMap& sources,
                                                         const std::vector<int64_t>& training) {
  std::vector<std::shared_ptr<const Source>> parts;
  for (const std::string& from : column.from) parts.push_back(sources.at(from));
  KUR_ASSIGN_OR_RETURN(auto source, CombineColumns(std::move(parts)));
  if (column.one_hot.has_value()) return EncodeOneHot(std::move(source), *column.one_hot);
  if (column.normalize.has_value()) {
    return NormalizeColumn(std::move(source), *column.normalize, training);
  }
  return source;
}

bool NeedsStatistics(const SupplierView& view) {
  return std::any_of(view.columns->begin(), view.columns->end(), [](const ColumnSpec& column) {
    return column.normalize.has_value() && column.normalize->kind != ColumnScaling::Kind::kGiven;
  });
}

absl::StatusOr<SourceMap> MakeColumns(const SupplierView& view, const SourceMap& sources) {
  std::vector<std::string> names;
  for (const auto& [name, source] : sources) names.push_back(name);
  KUR_RETURN_IF_ERROR(ColumnsWantedBy(view).Check(names));
  std::vector<int64_t> training;
  if (NeedsStatistics(view)) {
    KUR_ASSIGN_OR_RETURN(training, SplitIndices(view, "train", sources.begin()->second->size()));
  }
  SourceMap columns;
  for (const ColumnSpec& column : *view.columns) {
    auto made = MakeColumn(column, sources, training);
    if (!made.ok()) {
      return ErrorAt(column.location, column.key, std::string(made.status().message()));
    }
    columns[column.name] = *std::move(made);
  }
  return columns;
}

}  // namespace

WantedColumns ColumnsWantedBy(const SupplierView& view) {
  WantedColumns wanted;
  for (const ColumnSpec& column : *view.columns) {
    const auto texts =
        column.one_hot.has_value() ? column.one_hot->texts : std::vector<std::string>();
    for (const std::string& from : column.from) {
      wanted.columns.emplace(from, WantedColumns::Column{texts, column.location, column.key});
    }
  }
  return wanted;
}

absl::StatusOr<SourceMap> ApplyView(const SupplierView& view, SourceMap sources) {
  if (view.columns.has_value()) {
    KUR_ASSIGN_OR_RETURN(sources, MakeColumns(view, sources));
  }
  if (!view.split.has_value() || sources.empty()) return sources;
  KUR_ASSIGN_OR_RETURN(auto part,
                       SplitIndices(view, view.section, sources.begin()->second->size()));
  const auto indices = std::make_shared<const std::vector<int64_t>>(std::move(part));
  for (auto& [name, source] : sources) {
    source = std::make_shared<const SubsetSource>(std::move(source), indices);
  }
  return sources;
}

}  // namespace kur
