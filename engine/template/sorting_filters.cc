// Filters that order and group.

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "engine/base/status.h"
#include "engine/template/attribute_getter.h"
#include "engine/template/builtins.h"

namespace kur::jinja {
namespace {

// An item and what it is ordered by: one key, or several of which the first that differs decides.
struct Keyed {
  Object item;
  std::vector<Object> keys;
};

absl::StatusOr<int> CompareKeys(Runtime* runtime, const Keyed& a, const Keyed& b) {
  for (size_t i = 0; i < a.keys.size(); ++i) {
    KUR_ASSIGN_OR_RETURN(const bool equal, Equal(runtime, a.keys[i], b.keys[i]));
    if (!equal) return Compare(runtime, a.keys[i], b.keys[i]);
  }
  return 0;
}

// Stable in either direction, as sorted() of Python.
absl::Status Sort(Runtime* runtime, bool reverse, std::vector<Keyed>* items) {
  absl::Status status;
  const auto less = [&](const Keyed& a, const Keyed& b) {
    if (!status.ok()) return false;
    const auto order = reverse ? CompareKeys(runtime, b, a) : CompareKeys(runtime, a, b);
    if (!order.ok()) {
      status = order.status();
      return false;
    }
    return *order < 0;
  };
  std::stable_sort(items->begin(), items->end(), less);
  return status;
}

absl::StatusOr<Object> Unwrap(Runtime* runtime, std::vector<Keyed> keyed) {
  std::vector<Object> items;
  items.reserve(keyed.size());
  for (Keyed& entry : keyed) items.push_back(std::move(entry.item));
  return runtime->List(std::move(items));
}

absl::StatusOr<Object> SortItems(Runtime* runtime, const Object& self,
                                 const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->Items(self));
  KUR_ASSIGN_OR_RETURN(const bool reverse, arguments.Flag(runtime, 0));
  KUR_ASSIGN_OR_RETURN(const bool case_sensitive, arguments.Flag(runtime, 1));
  KUR_ASSIGN_OR_RETURN(const auto getters, AttributeGetter::MakeSeveral(arguments.get(2)));
  std::vector<Keyed> keyed;
  for (const Object& item : items) {
    Keyed entry{item, {}};
    for (const AttributeGetter& getter : getters) {
      KUR_ASSIGN_OR_RETURN(const Object key, getter.Get(runtime, item));
      entry.keys.push_back(case_sensitive ? key : IgnoreCase(key));
    }
    keyed.push_back(std::move(entry));
  }
  KUR_RETURN_IF_ERROR(Sort(runtime, reverse, &keyed));
  return Unwrap(runtime, std::move(keyed));
}

absl::StatusOr<Object> SortDict(Runtime* runtime, const Object& self,
                                const BoundArguments& arguments) {
  if (!self.is_mapping()) return Fail("needs a dictionary, not ", KindOf(self));
  KUR_ASSIGN_OR_RETURN(const bool case_sensitive, arguments.Flag(runtime, 0));
  KUR_ASSIGN_OR_RETURN(const std::string by, arguments.Text(1, "key"));
  KUR_ASSIGN_OR_RETURN(const bool reverse, arguments.Flag(runtime, 2));
  if (by != "key" && by != "value") return Fail("sorts by 'key' or 'value', not by '", by, "'");
  const Mapping& mapping = self.as_mapping();
  std::vector<Keyed> keyed;
  for (int64_t i = 0; i < mapping.size(); ++i) {
    KUR_ASSIGN_OR_RETURN(Object pair, runtime->Tuple({mapping.key(i), mapping.value(i)}));
    const Object key = by == "key" ? mapping.key(i) : mapping.value(i);
    keyed.push_back({std::move(pair), {case_sensitive ? key : IgnoreCase(key)}});
  }
  KUR_RETURN_IF_ERROR(Sort(runtime, reverse, &keyed));
  return Unwrap(runtime, std::move(keyed));
}

// The items with their keys, of one attribute, with or without case.
absl::StatusOr<std::vector<Keyed>> KeyBy(Runtime* runtime, const Object& self,
                                         const AttributeGetter& getter, bool case_sensitive) {
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->Items(self));
  std::vector<Keyed> keyed;
  for (const Object& item : items) {
    KUR_ASSIGN_OR_RETURN(const Object key, getter.Get(runtime, item));
    keyed.push_back({item, {case_sensitive ? key : IgnoreCase(key)}});
  }
  return keyed;
}

absl::StatusOr<Object> Unique(Runtime* runtime, const Object& self,
                              const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const bool case_sensitive, arguments.Flag(runtime, 0));
  KUR_ASSIGN_OR_RETURN(const AttributeGetter getter, AttributeGetter::Make(arguments.get(1)));
  KUR_ASSIGN_OR_RETURN(const auto keyed, KeyBy(runtime, self, getter, case_sensitive));
  absl::flat_hash_set<std::string> seen;
  std::vector<Object> items;
  for (const Keyed& entry : keyed) {
    KUR_ASSIGN_OR_RETURN(std::string key, HashKeyOf(runtime, entry.keys[0]));
    if (seen.insert(std::move(key)).second) items.push_back(entry.item);
  }
  return runtime->List(std::move(items));
}

template <bool largest>
absl::StatusOr<Object> Extreme(Runtime* runtime, const Object& self,
                               const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const bool case_sensitive, arguments.Flag(runtime, 0));
  KUR_ASSIGN_OR_RETURN(const AttributeGetter getter, AttributeGetter::Make(arguments.get(1)));
  KUR_ASSIGN_OR_RETURN(const auto keyed, KeyBy(runtime, self, getter, case_sensitive));
  if (keyed.empty()) {
    UndefinedInfo info;
    info.name = "there is no smallest or largest item: the sequence is empty";
    return Object(std::move(info));
  }
  size_t best = 0;
  for (size_t i = 1; i < keyed.size(); ++i) {
    KUR_ASSIGN_OR_RETURN(const int order, Compare(runtime, keyed[i].keys[0], keyed[best].keys[0]));
    if (order != kUnordered && (largest ? order > 0 : order < 0)) best = i;
  }
  return keyed[best].item;
}

absl::StatusOr<Object> GroupBy(Runtime* runtime, const Object& self,
                               const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(AttributeGetter getter, AttributeGetter::Make(arguments.get(0)));
  if (!arguments.get(1).is_none()) getter.set_fallback(arguments.get(1));
  KUR_ASSIGN_OR_RETURN(const bool case_sensitive, arguments.Flag(runtime, 2));
  KUR_ASSIGN_OR_RETURN(std::vector<Keyed> keyed, KeyBy(runtime, self, getter, case_sensitive));
  KUR_RETURN_IF_ERROR(Sort(runtime, false, &keyed));
  std::vector<Object> groups;
  for (size_t begin = 0; begin < keyed.size();) {
    std::vector<Object> members = {keyed[begin].item};
    size_t end = begin + 1;
    for (; end < keyed.size(); ++end) {
      KUR_ASSIGN_OR_RETURN(const int order, CompareKeys(runtime, keyed[begin], keyed[end]));
      if (order != 0) break;
      members.push_back(keyed[end].item);
    }
    // The key as its first member has it, not in lower case.
    KUR_ASSIGN_OR_RETURN(Object key, getter.Get(runtime, members.front()));
    KUR_ASSIGN_OR_RETURN(Object list, runtime->List(std::move(members)));
    KUR_ASSIGN_OR_RETURN(Object group,
                         runtime->List({std::move(key), std::move(list)}, Sequence::Kind::kGroup));
    groups.push_back(std::move(group));
    begin = end;
  }
  return runtime->List(std::move(groups));
}

}  // namespace

void AddSortingFilters(BuiltinTable* table) {
  table->insert({{"sort", {Signature("reverse? case_sensitive? attribute?"), &SortItems}},
                 {"dictsort", {Signature("case_sensitive? by? reverse?"), &SortDict}},
                 {"unique", {Signature("case_sensitive? attribute?"), &Unique}},
                 {"min", {Signature("case_sensitive? attribute?"), &Extreme<false>}},
                 {"max", {Signature("case_sensitive? attribute?"), &Extreme<true>}},
                 {"groupby", {Signature("attribute default? case_sensitive?"), &GroupBy}}});
}

}  // namespace kur::jinja
