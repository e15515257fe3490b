#include "engine/data/kept_columns.h"

#include <algorithm>

#include "engine/data/supplier.h"
#include "engine/kurfile/specs/supplier_view.h"

namespace kur {

const ColumnSpec* FindColumn(const SupplierSpec& spec, const std::string& name) {
  const SupplierView* const view = spec.view();
  if (view == nullptr || !view->columns.has_value()) return nullptr;
  const auto found = std::find_if(view->columns->begin(), view->columns->end(),
                                  [&](const ColumnSpec& column) { return column.name == name; });
  return found == view->columns->end() ? nullptr : &*found;
}

KeptColumns KeptIn(const SupplierSpec& spec, const OpenContext& context) {
  KeptColumns kept;
  const SupplierView* const view = spec.view();
  if (view != nullptr && view->columns.has_value()) {
    for (const ColumnSpec& column : *view->columns) {
      if (column.tokens.has_value()) kept[column.from[0]] = true;
    }
  }
  if (view != nullptr && view->window.has_value() && view->window->series.has_value()) {
    const std::string& series = *view->window->series;
    const bool is_wanted = context.wanted.has_value() ? context.wanted->Find(series) != nullptr
                                                      : context.Reads(series);
    kept.emplace(series, !is_wanted);
  }
  for (const std::string& name : context.keep) {
    const ColumnSpec* const column = FindColumn(spec, name);
    if (column == nullptr) {
      const bool is_wanted =
          context.wanted.has_value() ? context.wanted->Find(name) != nullptr : context.Reads(name);
      kept.emplace(name, !is_wanted);
    } else if (column->from.size() == 1 && !IsPattern(column->from[0])) {
      kept.emplace(column->from[0], column->tokens.has_value());
    }
  }
  return kept;
}

SourceMap TakeKept(const SupplierSpec& spec, const OpenContext& context, SourceMap* sources) {
  SourceMap kept;
  for (const auto& [column, is_only_kept] : context.kept) {
    const auto found = sources->find(column);
    const bool is_wanted = context.keep.count(column) > 0 && FindColumn(spec, column) == nullptr;
    if (!is_wanted || found == sources->end()) continue;
    if (!is_only_kept && !context.wanted.has_value()) continue;  // a source by its own name
    kept.emplace(KeptSourceName(column), found->second);
    if (!context.wanted.has_value()) sources->erase(found);
  }
  return kept;
}

}  // namespace kur
