#include "engine/data/supplier.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/data/column_encoder.h"
#include "engine/data/columns/derived_source.h"
#include "engine/data/columns/window_source.h"
#include "engine/data/concatenated_source.h"
#include "engine/data/data_view.h"
#include "engine/data/kept_columns.h"
#include "engine/data/series_windows.h"
#include "engine/data/subset_source.h"
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

// The sources of one supplier, not encoded yet.
struct OpenedSupplier {
  const SupplierSpec* spec = nullptr;
  SourceMap sources;
  SampleIndices training;  // see ColumnPart
  SampleIndices samples;   // those that the section has; null: all
  int64_t samples_before_split = 0;
  // Where windows begin among the samples that the section has; null: every sample is a row.
  SampleIndices first_rows;

  const SplitSpec* split() const {
    const SupplierView* const view = spec->view();
    return view != nullptr && view->split.has_value() ? &*view->split : nullptr;
  }
};

// Suppliers with the same source names, whose samples are concatenated in this order; often just
// one supplier.
using SupplierGroup = std::vector<OpenedSupplier>;

bool ShareNames(const OpenedSupplier& a, const OpenedSupplier& b) {
  return std::any_of(a.sources.begin(), a.sources.end(),
                     [&](const auto& entry) { return b.sources.count(entry.first) > 0; });
}

// Checks that a supplier has exactly the source names of the first one of its group.
absl::Status CheckNames(const OpenedSupplier& first, const OpenedSupplier& next) {
  const auto fails = [&](const std::string& name, const std::string& owner) {
    return ErrorAt(next.spec->location, next.spec->key,
                   absl::StrCat("its samples follow those of ", first.spec->key,
                                ", which has sources of the same name, but only ", owner,
                                " has the source '", name, "'"));
  };
  for (const auto& [name, source] : next.sources) {
    if (first.sources.count(name) == 0) return fails(name, "this one");
  }
  for (const auto& [name, source] : first.sources) {
    if (next.sources.count(name) == 0) return fails(name, "that one");
  }
  return absl::OkStatus();
}

// Leaves out the sources that the Kurfile's columns do not take, which need not fit the others.
absl::Status LeaveUnwantedOut(const OpenContext& context, SourceMap* sources) {
  std::vector<std::string> names;
  const auto is_wanted = context.Selector(&names);
  for (auto at = sources->begin(); at != sources->end();) {
    at = is_wanted(at->first) ? std::next(at) : sources->erase(at);
  }
  return context.CheckWanted(names);
}

absl::StatusOr<SourceMap> OpenKind(const SupplierSpec& spec, const OpenContext& context) {
  const SupplierOpener* opener = Registry<SupplierOpener>::Get().Find(spec.kind());
  if (opener == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("this program cannot open data of the kind '", spec.kind(), "'"));
  }
  KUR_ASSIGN_OR_RETURN(SourceMap sources, opener->open(spec, context));
  KUR_RETURN_IF_ERROR(LeaveUnwantedOut(context, &sources));
  for (const auto& [name, source] : sources) {
    const auto& [first_name, first] = *sources.begin();
    KUR_RETURN_IF_ERROR(CheckLength(spec, name, *source, {&spec, first_name, first->size()}));
  }
  return sources;
}

// Leaves out the samples in `samples` (null: all) for which is_kept[sample] is false.
SampleIndices KeepOf(const SampleIndices& samples, const std::vector<bool>& is_kept) {
  std::vector<int64_t> kept;
  const auto size = samples == nullptr ? is_kept.size() : samples->size();
  for (size_t i = 0; i < size; ++i) {
    const int64_t sample = samples == nullptr ? static_cast<int64_t>(i) : (*samples)[i];
    if (is_kept[static_cast<size_t>(sample)]) kept.push_back(sample);
  }
  return std::make_shared<const std::vector<int64_t>>(std::move(kept));
}

// Leaves out the samples with gaps in columns that want that.
absl::Status DropGaps(const SupplierView& view, const OpenContext& context,
                      OpenedSupplier* opened) {
  if (!view.columns.has_value()) return absl::OkStatus();
  std::vector<bool> is_kept(static_cast<size_t>(opened->samples_before_split), true);
  for (const ColumnSpec& column : *view.columns) {
    const auto found = opened->sources.find(column.name);
    if (column.missing.kind != GapSpec::Kind::kDrop || found == opened->sources.end()) continue;
    const auto look = [&](const float* values, int64_t count, int64_t sample) {
      const bool has_gap =
          std::any_of(values, values + count, [](float value) { return std::isnan(value); });
      if (has_gap) is_kept[static_cast<size_t>(sample)] = false;
      return absl::OkStatus();
    };
    KUR_RETURN_IF_ERROR(ForEachSample(*found->second, AllSamples(*found->second), look));
  }
  const auto dropped = std::count(is_kept.begin(), is_kept.end(), false);
  if (dropped == 0) return absl::OkStatus();
  context.tell(absl::StrCat(view.key, ": ", dropped, " of ", is_kept.size(),
                            dropped == 1 ? " sample is" : " samples are",
                            " left out, where something is missing"));
  opened->samples = KeepOf(opened->samples, is_kept);
  opened->training = KeepOf(opened->training, is_kept);
  if (!opened->samples->empty()) return absl::OkStatus();
  return ErrorAt(view.location, view.key, "something is missing in every sample");
}

// Whether something is learnt of the samples that are trained with, and of no others.
bool NeedsTraining(const SupplierView& view) {
  return view.columns.has_value() &&
         std::any_of(view.columns->begin(), view.columns->end(), [](const ColumnSpec& column) {
           return column.missing.is_learnt() || column.tokens.has_value() ||
                  (column.normalize.has_value() &&
                   column.normalize->kind != ColumnScaling::Kind::kGiven);
         });
}

absl::StatusOr<OpenedSupplier> Open(const SupplierSpec& spec, const OpenContext& context) {
  const SupplierView* const view = spec.view();
  OpenContext view_context = context;
  if (view != nullptr && view->columns.has_value()) {
    view_context.wanted = ColumnsWantedBy(*view, context);
    for (const ColumnSpec& column : *view->columns) {
      if (column.from.size() == 1) view_context.names.emplace(column.from[0], column.name);
    }
  }
  view_context.kept = KeptIn(spec, view_context);
  OpenedSupplier opened;
  opened.spec = &spec;
  KUR_ASSIGN_OR_RETURN(opened.sources,
                       OpenKind(view == nullptr ? spec : *view->base, view_context));
  std::vector<int64_t> series;
  if (view != nullptr) {
    KUR_ASSIGN_OR_RETURN(series, TakeSeries(*view, view_context, &opened.sources));
  }
  SourceMap kept = TakeKept(spec, view_context, &opened.sources);
  if (view == nullptr || opened.sources.empty()) {
    opened.sources.merge(kept);
    return opened;
  }
  opened.samples_before_split = opened.sources.begin()->second->size();
  KUR_ASSIGN_OR_RETURN(opened.sources, SelectColumns(*view, std::move(opened.sources)));
  opened.sources.merge(kept);
  KUR_ASSIGN_OR_RETURN(opened.samples,
                       SplitSamples(*view, view->section, opened.samples_before_split));
  if (NeedsTraining(*view)) {
    KUR_ASSIGN_OR_RETURN(opened.training,
                         SplitSamples(*view, "train", opened.samples_before_split));
  }
  KUR_RETURN_IF_ERROR(DropGaps(*view, context, &opened));
  const SeriesRows rows = {opened.samples_before_split, std::move(series), opened.samples};
  KUR_ASSIGN_OR_RETURN(opened.first_rows, FindWindows(*view, rows, opened.sources, context));
  return opened;
}

// Makes windows of the rows of a source, if that is wanted.
absl::StatusOr<std::shared_ptr<const Source>> CutWindows(const OpenedSupplier& opened,
                                                         const std::string& name,
                                                         std::shared_ptr<const Source> source) {
  if (opened.first_rows == nullptr) return source;
  const SupplierView& view = *opened.spec->view();
  auto windows =
      MakeWindows(std::move(source), opened.first_rows, *view.window, view.window->IsTarget(name));
  if (windows.ok()) return windows;
  return ErrorAt(view.location, view.key,
                 absl::StrCat("the source '", name, "': ", windows.status().message()));
}

// Encodes the samples that the suppliers of a group have of one source, and puts them together.
absl::StatusOr<std::shared_ptr<const Source>> Merge(const SupplierGroup& group,
                                                    const std::string& name,
                                                    const OpenContext& context) {
  std::vector<ColumnPart> parts;
  for (const OpenedSupplier& opened : group) {
    parts.push_back({opened.sources.at(name), FindColumn(*opened.spec, name), opened.training,
                     opened.spec->location, opened.spec->key});
  }
  KUR_RETURN_IF_ERROR(EncodeColumn(name, context, &parts));
  std::vector<std::shared_ptr<const Source>> sources;
  Shape shape = parts[0].source->shape();
  for (size_t i = 0; i < parts.size(); ++i) {
    auto source = std::move(parts[i].source);
    const auto common = CommonShape(shape, source->shape());
    if (!common.has_value()) {
      return ErrorAt(parts[i].location, parts[i].key,
                     absl::StrCat("the source '", name, "' has samples of the shape ",
                                  ToString(source->shape()), ", which cannot follow those of ",
                                  parts[i - 1].key, " of the shape ", ToString(shape)));
    }
    shape = *common;
    if (group[i].samples != nullptr) {
      source = std::make_shared<const SubsetSource>(std::move(source), group[i].samples);
    }
    KUR_ASSIGN_OR_RETURN(source, CutWindows(group[i], name, std::move(source)));
    sources.push_back(std::move(source));
  }
  if (sources.size() == 1) return std::move(sources[0]);
  return std::make_shared<const ConcatenatedSource>(std::move(sources), std::move(shape));
}

// Checks that both groups are split alike: otherwise rows of one would meet foreign rows of the
// other.
absl::Status CheckSplits(const SupplierGroup& group, const SupplierGroup& first) {
  std::vector<const OpenedSupplier*> split[2];
  for (const OpenedSupplier& opened : first) {
    if (opened.split() != nullptr) split[0].push_back(&opened);
  }
  for (const OpenedSupplier& opened : group) {
    if (opened.split() != nullptr) split[1].push_back(&opened);
  }
  const bool alike = std::equal(split[0].begin(), split[0].end(), split[1].begin(), split[1].end(),
                                [](const OpenedSupplier* a, const OpenedSupplier* b) {
                                  return *a->split() == *b->split() &&
                                         a->samples_before_split == b->samples_before_split;
                                });
  if (alike) return absl::OkStatus();
  return ErrorAt(group[0].spec->location, group[0].spec->key,
                 absl::StrCat("its samples stand beside those of ", first[0].spec->key,
                              ", which are split differently; give both the same 'split' and the "
                              "same number of samples"));
}

absl::StatusOr<std::vector<SupplierGroup>> OpenGroups(
    const std::vector<std::shared_ptr<const SupplierSpec>>& specs, const OpenContext& context) {
  std::vector<SupplierGroup> groups;
  for (const auto& spec : specs) {
    KUR_ASSIGN_OR_RETURN(OpenedSupplier opened, Open(*spec, context));
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const SupplierGroup& other) {
      return ShareNames(other[0], opened);
    });
    if (group == groups.end()) {
      groups.push_back({std::move(opened)});
      continue;
    }
    KUR_RETURN_IF_ERROR(CheckNames(group->front(), opened));
    group->push_back(std::move(opened));
  }
  return groups;
}

}  // namespace

std::function<bool(const std::string&)> OpenContext::Selector(
    std::vector<std::string>* names) const {
  return [this, names](const std::string& name) {
    names->push_back(name);
    return !wanted.has_value() || wanted->Find(name) != nullptr || kept.count(name) > 0;
  };
}

absl::Status OpenContext::CheckWanted(const std::vector<std::string>& names) const {
  return wanted.has_value() ? wanted->Check(names) : absl::OkStatus();
}

ListedClasses OpenContext::ClassesFor(const std::string& source,
                                      const std::vector<std::string>& listed) const {
  ListedClasses classes;
  classes.names = listed;
  // Whoever trains a model means the classes that he lists; later sets may lack some.
  classes.may_lack_files = !model->is_learning() || model->Find(NameOf(source)) != nullptr;
  classes.may_be_unknown = !Reads(NameOf(source));
  return classes;
}

bool OpenContext::IsNoClass(const std::string& source,
                            const std::vector<std::string>& classes) const {
  if (Reads(NameOf(source)) || classes.size() != 1) return false;
  const Encoding* known = model->Find(NameOf(source));
  return known == nullptr || std::find(known->symbols.begin(), known->symbols.end(), classes[0]) ==
                                 known->symbols.end();
}

absl::StatusOr<SourceMap> OpenSupplier(const SupplierSpec& spec, const OpenContext& context) {
  // Borrowed, so that there is one way to open data.
  return OpenSuppliers({std::shared_ptr<const SupplierSpec>(std::shared_ptr<void>(), &spec)},
                       context);
}

absl::StatusOr<SourceMap> OpenSuppliers(
    const std::vector<std::shared_ptr<const SupplierSpec>>& specs, const OpenContext& context) {
  KUR_ASSIGN_OR_RETURN(const std::vector<SupplierGroup> groups, OpenGroups(specs, context));
  SourceMap all;
  std::optional<Origin> first;
  for (const SupplierGroup& group : groups) {
    for (const auto& entry : group[0].sources) {
      const std::string& name = entry.first;
      KUR_ASSIGN_OR_RETURN(auto source, Merge(group, name, context));
      if (!first.has_value()) first = Origin{group[0].spec, name, source->size()};
      KUR_RETURN_IF_ERROR(CheckLength(*group[0].spec, name, *source, *first));
      all.emplace(name, std::move(source));
    }
    KUR_RETURN_IF_ERROR(CheckSplits(group, groups[0]));
  }
  return all;
}

}  // namespace kur
