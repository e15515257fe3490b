#include "engine/data/supplier.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/data/data_view.h"
#include "engine/data/stacked_source.h"
#include "engine/kurfile/specs/supplier_view.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

// A source among those that earlier suppliers gave.
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

// Suppliers whose samples follow each other, in the order of the list; often just one.
struct Stack {
  std::vector<const SupplierSpec*> specs;
  struct Column {
    std::vector<std::shared_ptr<const Source>> parts;
    Shape shape;
  };
  std::map<std::string, Column> columns;
  // How each supplier that is split is split: what and how many samples.
  std::vector<std::pair<SplitSpec, int64_t>> splits;

  bool HasAnyOf(const SourceMap& sources) const {
    return std::any_of(sources.begin(), sources.end(),
                       [&](const auto& entry) { return columns.count(entry.first) > 0; });
  }
};

// Both have a source in common, so they must have all of them in common.
absl::Status CheckNames(const Stack& stack, const SupplierSpec& spec, const SourceMap& sources) {
  const auto fails = [&](const std::string& name, const std::string& owner) {
    return ErrorAt(spec.location, spec.key,
                   absl::StrCat("its samples follow those of ", stack.specs[0]->key,
                                ", which has sources of the same name, but only ", owner,
                                " has the source '", name, "'"));
  };
  for (const auto& [name, source] : sources) {
    if (stack.columns.count(name) == 0) return fails(name, "this one");
  }
  for (const auto& [name, column] : stack.columns) {
    if (sources.count(name) == 0) return fails(name, "that one");
  }
  return absl::OkStatus();
}

absl::Status AddTo(Stack* stack, const SupplierSpec& spec, const SourceMap& sources) {
  if (!stack->specs.empty()) KUR_RETURN_IF_ERROR(CheckNames(*stack, spec, sources));
  for (const auto& [name, source] : sources) {
    Stack::Column& column = stack->columns[name];
    const auto shape =
        column.parts.empty() ? source->shape() : CommonShape(column.shape, source->shape());
    if (!shape.has_value()) {
      return ErrorAt(
          spec.location, spec.key,
          absl::StrCat("the source '", name, "' has samples of the shape ",
                       ToString(source->shape()), ", which cannot follow those of ",
                       stack->specs.back()->key, " of the shape ", ToString(column.shape)));
    }
    column.shape = *shape;
    column.parts.push_back(source);
  }
  stack->specs.push_back(&spec);
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

// What one supplier gives.
struct Opened {
  SourceMap sources;
  int64_t whole = 0;  // samples before they were split
};

absl::StatusOr<Opened> Open(const SupplierSpec& spec, const OpenContext& context) {
  const SupplierView* const view = spec.view();
  OpenContext asked = context;
  if (view != nullptr && view->columns.has_value()) asked.wanted = ColumnsWantedBy(*view);
  Opened opened;
  KUR_ASSIGN_OR_RETURN(opened.sources, OpenKind(view == nullptr ? spec : *view->base, asked));
  if (!opened.sources.empty()) opened.whole = opened.sources.begin()->second->size();
  if (view != nullptr) {
    KUR_ASSIGN_OR_RETURN(opened.sources, ViewOf(*view, std::move(opened.sources)));
  }
  return opened;
}

// Samples beside each other stay together only if both sides are split in the same way.
absl::Status CheckSplits(const Stack& stack, const Stack& first) {
  if (stack.splits == first.splits) return absl::OkStatus();
  return ErrorAt(stack.specs[0]->location, stack.specs[0]->key,
                 absl::StrCat("its samples stand beside those of ", first.specs[0]->key,
                              ", which are split differently; give both the same 'split' and the "
                              "same number of samples"));
}

}  // namespace

absl::StatusOr<SourceMap> OpenSupplier(const SupplierSpec& spec, const OpenContext& context) {
  KUR_ASSIGN_OR_RETURN(Opened opened, Open(spec, context));
  return std::move(opened.sources);
}

absl::StatusOr<SourceMap> OpenSuppliers(
    const std::vector<std::shared_ptr<const SupplierSpec>>& specs, const OpenContext& context) {
  std::vector<Stack> stacks;
  for (const auto& spec : specs) {
    KUR_ASSIGN_OR_RETURN(const Opened opened, Open(*spec, context));
    const SourceMap& sources = opened.sources;
    auto stack = std::find_if(stacks.begin(), stacks.end(),
                              [&](const Stack& other) { return other.HasAnyOf(sources); });
    if (stack == stacks.end()) stack = stacks.insert(stack, Stack());
    KUR_RETURN_IF_ERROR(AddTo(&*stack, *spec, sources));
    const SupplierView* const view = spec->view();
    if (view != nullptr && view->split.has_value()) {
      stack->splits.emplace_back(*view->split, opened.whole);
    }
  }
  SourceMap all;
  std::optional<Origin> first;
  for (Stack& stack : stacks) {
    for (auto& [name, column] : stack.columns) {
      auto source = column.parts.size() == 1
                        ? std::move(column.parts[0])
                        : std::make_shared<StackedSource>(std::move(column.parts), column.shape);
      if (!first.has_value()) first = Origin{stack.specs[0], name, source->size()};
      KUR_RETURN_IF_ERROR(CheckLength(*stack.specs[0], name, *source, *first));
      all.emplace(name, std::move(source));
    }
    KUR_RETURN_IF_ERROR(CheckSplits(stack, stacks[0]));
  }
  return all;
}

}  // namespace kur
