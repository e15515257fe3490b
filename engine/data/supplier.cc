#include "engine/data/supplier.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/data/concatenated_source.h"
#include "engine/data/data_view.h"
#include "engine/kurfile/specs/supplier_view.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

// The source that later sources must equal in length, and its supplier.
struct Origin {
  const SupplierSpec* spec;
  std::string name;
  int64_t size;
};

absl::Status CheckLength(const SupplierSpec& spec, const std::string& name, const Source& source,
                         const Origin& first) {
  if (source.size() == first.size) return absl::OkStatus();
  return ErrorAt(
      spec.location, spec.key,
      absl::StrCat("the source '", name, "' has ", source.size(), " samples, but the source '",
                   first.name, "' of ", first.spec->key, " has ", first.size));
}

// Suppliers with the same source names, whose samples are concatenated in this order; often just
// one supplier.
struct SupplierGroup {
  std::vector<const SupplierSpec*> specs;
  struct Column {
    std::vector<std::shared_ptr<const Source>> parts;
    Shape shape;
  };
  std::map<std::string, Column> columns;
  // The split of each supplier that has one, and the number of samples that it splits.
  std::vector<std::pair<SplitSpec, int64_t>> splits;

  bool HasAnyOf(const SourceMap& sources) const {
    return std::any_of(sources.begin(), sources.end(),
                       [&](const auto& entry) { return columns.count(entry.first) > 0; });
  }
};

// Checks that the supplier has exactly the group's source names.
absl::Status CheckNames(const SupplierGroup& group, const SupplierSpec& spec,
                        const SourceMap& sources) {
  const auto fails = [&](const std::string& name, const std::string& owner) {
    return ErrorAt(spec.location, spec.key,
                   absl::StrCat("its samples follow those of ", group.specs[0]->key,
                                ", which has sources of the same name, but only ", owner,
                                " has the source '", name, "'"));
  };
  for (const auto& [name, source] : sources) {
    if (group.columns.count(name) == 0) return fails(name, "this one");
  }
  for (const auto& [name, column] : group.columns) {
    if (sources.count(name) == 0) return fails(name, "that one");
  }
  return absl::OkStatus();
}

absl::Status AddTo(SupplierGroup* group, const SupplierSpec& spec, const SourceMap& sources) {
  if (!group->specs.empty()) KUR_RETURN_IF_ERROR(CheckNames(*group, spec, sources));
  for (const auto& [name, source] : sources) {
    SupplierGroup::Column& column = group->columns[name];
    const auto shape =
        column.parts.empty() ? source->shape() : CommonShape(column.shape, source->shape());
    if (!shape.has_value()) {
      return ErrorAt(
          spec.location, spec.key,
          absl::StrCat("the source '", name, "' has samples of the shape ",
                       ToString(source->shape()), ", which cannot follow those of ",
                       group->specs.back()->key, " of the shape ", ToString(column.shape)));
    }
    column.shape = *shape;
    column.parts.push_back(source);
  }
  group->specs.push_back(&spec);
  return absl::OkStatus();
}

absl::StatusOr<SourceMap> OpenKind(const SupplierSpec& spec, const OpenContext& context) {
  const SupplierOpener* opener = Registry<SupplierOpener>::Get().Find(spec.kind());
  if (opener == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("this program cannot open data of the kind '", spec.kind(), "'"));
  }
  KUR_ASSIGN_OR_RETURN(SourceMap sources, opener->open(spec, context));
  for (const auto& [name, source] : sources) {
    const auto& [first_name, first] = *sources.begin();
    KUR_RETURN_IF_ERROR(CheckLength(spec, name, *source, {&spec, first_name, first->size()}));
  }
  return sources;
}

// The sources of one supplier.
struct OpenedSupplier {
  SourceMap sources;
  int64_t samples_before_split = 0;
};

absl::StatusOr<OpenedSupplier> Open(const SupplierSpec& spec, const OpenContext& context) {
  const SupplierView* const view = spec.view();
  OpenContext view_context = context;
  if (view != nullptr && view->columns.has_value()) view_context.wanted = ColumnsWantedBy(*view);
  OpenedSupplier opened;
  KUR_ASSIGN_OR_RETURN(opened.sources,
                       OpenKind(view == nullptr ? spec : *view->base, view_context));
  if (!opened.sources.empty()) {
    opened.samples_before_split = opened.sources.begin()->second->size();
  }
  if (view != nullptr) {
    KUR_ASSIGN_OR_RETURN(opened.sources, ApplyView(*view, std::move(opened.sources)));
  }
  return opened;
}

// Checks that both groups are split alike: otherwise rows of one would meet foreign rows of the
// other.
absl::Status CheckSplits(const SupplierGroup& group, const SupplierGroup& first) {
  if (group.splits == first.splits) return absl::OkStatus();
  return ErrorAt(group.specs[0]->location, group.specs[0]->key,
                 absl::StrCat("its samples stand beside those of ", first.specs[0]->key,
                              ", which are split differently; give both the same 'split' and the "
                              "same number of samples"));
}

}  // namespace

absl::StatusOr<SourceMap> OpenSupplier(const SupplierSpec& spec, const OpenContext& context) {
  KUR_ASSIGN_OR_RETURN(OpenedSupplier opened, Open(spec, context));
  return std::move(opened.sources);
}

absl::StatusOr<SourceMap> OpenSuppliers(
    const std::vector<std::shared_ptr<const SupplierSpec>>& specs, const OpenContext& context) {
  std::vector<SupplierGroup> groups;
  for (const auto& spec : specs) {
    KUR_ASSIGN_OR_RETURN(const OpenedSupplier opened, Open(*spec, context));
    const SourceMap& sources = opened.sources;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const SupplierGroup& other) { return other.HasAnyOf(sources); });
    if (group == groups.end()) group = groups.insert(group, SupplierGroup());
    KUR_RETURN_IF_ERROR(AddTo(&*group, *spec, sources));
    const SupplierView* const view = spec->view();
    if (view != nullptr && view->split.has_value()) {
      group->splits.emplace_back(*view->split, opened.samples_before_split);
    }
  }
  SourceMap all;
  std::optional<Origin> first;
  for (SupplierGroup& group : groups) {
    for (auto& [name, column] : group.columns) {
      auto source = column.parts.size() == 1 ? std::move(column.parts[0])
                                             : std::make_shared<ConcatenatedSource>(
                                                   std::move(column.parts), column.shape);
      if (!first.has_value()) first = Origin{group.specs[0], name, source->size()};
      KUR_RETURN_IF_ERROR(CheckLength(*group.specs[0], name, *source, *first));
      all.emplace(name, std::move(source));
    }
    KUR_RETURN_IF_ERROR(CheckSplits(group, groups[0]));
  }
  return all;
}

}  // namespace kur
