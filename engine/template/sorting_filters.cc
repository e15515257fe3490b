// Holds the filters that order.

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "engine/base/status.h"
#include "engine/template/attribute_getter.h"
#include "engine/template/builtins.h"
#include "engine/template/text.h"

namespace kur::jinja {
namespace {

// An item and what it is ordered by.
struct Keyed {
  Object item, key;
};

// Returns the items with their keys: an attribute of each, in lower case unless `case_sensitive`.
absl::StatusOr<std::vector<Keyed>> KeyItems(Runtime* runtime, const Object& self,
                                            const Object& attribute, bool case_sensitive) {
  KUR_ASSIGN_OR_RETURN(const AttributeGetter getter, AttributeGetter::Make(attribute));
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->ItemsOf(self));
  std::vector<Keyed> keyed;
  for (const Object& item : items) {
    KUR_ASSIGN_OR_RETURN(Object key, getter.Get(runtime, item));
    if (key.is_string() && !case_sensitive) key = Object(LowerCase(key.as_string()));
    keyed.push_back({item, std::move(key)});
  }
  return keyed;
}

// Sorts stably in either direction, as sorted() of Python.
absl::StatusOr<Object> Sort(Runtime* runtime, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const bool reverse, arguments.Flag(runtime, 0));
  KUR_ASSIGN_OR_RETURN(const bool case_sensitive, arguments.Flag(runtime, 1));
  const Object attribute = arguments.get(2);
  if (attribute.is_string() && absl::StrContains(attribute.as_string(), ',')) {
    return Fail("sorts by one attribute; sort by the less important ones before");
  }
  KUR_ASSIGN_OR_RETURN(auto keyed, KeyItems(runtime, self, attribute, case_sensitive));
  absl::Status status;
  std::stable_sort(keyed.begin(), keyed.end(), [&](const Keyed& a, const Keyed& b) {
    if (!status.ok()) return false;
    const auto order = reverse ? Compare(runtime, b.key, a.key) : Compare(runtime, a.key, b.key);
    if (!order.ok()) status = order.status();
    return order.ok() && *order < 0;
  });
  KUR_RETURN_IF_ERROR(status);
  std::vector<Object> items;
  for (Keyed& entry : keyed) items.push_back(std::move(entry.item));
  return runtime->List(std::move(items));
}

absl::StatusOr<Object> Unique(Runtime* runtime, const Object& self,
                              const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const bool case_sensitive, arguments.Flag(runtime, 0));
  KUR_ASSIGN_OR_RETURN(const auto keyed, KeyItems(runtime, self, arguments.get(1), case_sensitive));
  absl::flat_hash_set<std::string> seen;
  std::vector<Object> items;
  for (const Keyed& entry : keyed) {
    KUR_ASSIGN_OR_RETURN(std::string key, HashKeyOf(runtime, entry.key));
    if (seen.insert(std::move(key)).second) items.push_back(entry.item);
  }
  return runtime->List(std::move(items));
}

template <bool largest>
absl::StatusOr<Object> Extreme(Runtime* runtime, const Object& self,
                               const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const bool case_sensitive, arguments.Flag(runtime, 0));
  KUR_ASSIGN_OR_RETURN(const auto keyed, KeyItems(runtime, self, arguments.get(1), case_sensitive));
  if (keyed.empty()) {
    return Object::Undefined("there is no smallest or largest item: the sequence is empty");
  }
  size_t best = 0;
  for (size_t i = 1; i < keyed.size(); ++i) {
    KUR_ASSIGN_OR_RETURN(const int order, Compare(runtime, keyed[i].key, keyed[best].key));
    if (order != kUnordered && (largest ? order > 0 : order < 0)) best = i;
  }
  return keyed[best].item;
}

}  // namespace

void AddSortingFilters(BuiltinTable* table) {
  table->insert({{"sort", {Signature("reverse? case_sensitive? attribute?"), &Sort}},
                 {"unique", {Signature("case_sensitive? attribute?"), &Unique}},
                 {"min", {Signature("case_sensitive? attribute?"), &Extreme<false>}},
                 {"max", {Signature("case_sensitive? attribute?"), &Extreme<true>}}});
}

}  // namespace kur::jinja
