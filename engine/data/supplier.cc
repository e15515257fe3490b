#include "engine/data/supplier.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/data/stacked_source.h"
#include "engine/kurfile/diagnostics.h"

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

}  // namespace

absl::StatusOr<SourceMap> OpenSupplier(const SupplierSpec& spec, const OpenContext& context) {
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

absl::StatusOr<SourceMap> OpenSuppliers(
    const std::vector<std::shared_ptr<const SupplierSpec>>& specs, const OpenContext& context) {
  std::vector<Stack> stacks;
  for (const auto& spec : specs) {
    KUR_ASSIGN_OR_RETURN(const SourceMap sources, OpenSupplier(*spec, context));
    auto stack = std::find_if(stacks.begin(), stacks.end(),
                              [&](const Stack& other) { return other.HasAnyOf(sources); });
    if (stack == stacks.end()) stack = stacks.insert(stack, Stack());
    KUR_RETURN_IF_ERROR(AddTo(&*stack, *spec, sources));
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
  }
  return all;
}

}  // namespace kur
