// Holds map, select and reject.

#include <optional>

#include "engine/base/status.h"
#include "engine/template/attribute_getter.h"
#include "engine/template/builtins.h"

namespace kur::jinja {
namespace {

// Returns no items for what is false, as none is.
absl::StatusOr<std::vector<Object>> ItemsIfAny(Runtime* runtime, const Object& iterable) {
  KUR_ASSIGN_OR_RETURN(const bool truth, runtime->Truth(iterable));
  if (!truth) return std::vector<Object>();
  return runtime->ItemsOf(iterable);
}

// Does map('filter', ...) or map(attribute='a', default=0).
absl::StatusOr<Object> Map(Runtime* runtime, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(std::vector<Object> items, ItemsIfAny(runtime, self));
  if (arguments.rest().empty()) {
    Object attribute, fallback;
    for (const auto& [name, value] : arguments.named_rest()) {
      if (name != "attribute" && name != "default") return Fail("takes no argument '", name, "'");
      (name == "attribute" ? attribute : fallback) = value;
    }
    if (attribute.is_none()) return Fail("needs the name of a filter, or attribute='...'");
    KUR_ASSIGN_OR_RETURN(AttributeGetter getter, AttributeGetter::Make(attribute));
    if (!fallback.is_none()) getter.set_fallback(fallback);
    for (Object& item : items) {
      KUR_ASSIGN_OR_RETURN(item, getter.Get(runtime, item));
    }
    return runtime->List(std::move(items));
  }
  const std::vector<Object>& rest = arguments.rest();
  if (!rest[0].is_string()) return Fail("needs the name of a filter");
  const Arguments filter_arguments{{rest.begin() + 1, rest.end()}, arguments.named_rest()};
  for (Object& item : items) {
    KUR_ASSIGN_OR_RETURN(item, CallFilter(runtime, rest[0].as_string(), item, filter_arguments));
  }
  return runtime->List(std::move(items));
}

// Keeps the items for which a test, or plain truth, gives `keep`; with `by_attribute` it looks at
// the attribute that the first argument names.
template <bool keep, bool by_attribute>
absl::StatusOr<Object> Select(Runtime* runtime, const Object& self,
                              const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, ItemsIfAny(runtime, self));
  std::vector<Object> rest = arguments.rest();
  AttributeGetter getter;
  if (by_attribute) {
    if (rest.empty()) return Fail("needs the name of an attribute");
    KUR_ASSIGN_OR_RETURN(getter, AttributeGetter::Make(rest.front()));
    rest.erase(rest.begin());
  }
  std::optional<std::string> test;
  if (!rest.empty()) {
    if (!rest.front().is_string()) return Fail("needs the name of a test");
    test = rest.front().as_string();
    rest.erase(rest.begin());
  }
  const Arguments test_arguments{std::move(rest), arguments.named_rest()};
  std::vector<Object> selected;
  for (const Object& item : items) {
    KUR_ASSIGN_OR_RETURN(const Object value, getter.Get(runtime, item));
    bool holds = false;
    if (test.has_value()) {
      KUR_ASSIGN_OR_RETURN(holds, CallTest(runtime, *test, value, test_arguments));
    } else {
      KUR_ASSIGN_OR_RETURN(holds, runtime->Truth(value));
    }
    if (holds == keep) selected.push_back(item);
  }
  return runtime->List(std::move(selected));
}

}  // namespace

void AddSelectionFilters(BuiltinTable* table) {
  table->insert({{"map", {Signature("* **"), &Map}},
                 {"select", {Signature("* **"), &Select<true, false>}},
                 {"reject", {Signature("* **"), &Select<false, false>}},
                 {"selectattr", {Signature("* **"), &Select<true, true>}},
                 {"rejectattr", {Signature("* **"), &Select<false, true>}}});
}

}  // namespace kur::jinja
