// Methods of lists and dictionaries. Those of strings are in string_methods.cc.

#include "engine/base/status.h"
#include "engine/template/builtins.h"

namespace kur::jinja {
namespace {

absl::StatusOr<Object> ListIndex(Runtime* runtime, const Object& self,
                                 const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->Items(self));
  for (size_t i = 0; i < items.size(); ++i) {
    KUR_ASSIGN_OR_RETURN(const bool equal, Equal(runtime, items[i], arguments.get(0)));
    if (equal) return Object(static_cast<int64_t>(i));
  }
  KUR_ASSIGN_OR_RETURN(const std::string text, Repr(runtime, arguments.get(0)));
  return Fail(text, " is not in the list");
}

absl::StatusOr<Object> ListCount(Runtime* runtime, const Object& self,
                                 const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->Items(self));
  int64_t count = 0;
  for (const Object& item : items) {
    KUR_ASSIGN_OR_RETURN(const bool equal, Equal(runtime, item, arguments.get(0)));
    count += equal;
  }
  return Object(count);
}

absl::StatusOr<Object> Copy(Runtime*, const Object& self, const BoundArguments&) { return self; }

absl::StatusOr<Object> RefuseListChange(Runtime*, const Object&, const BoundArguments&) {
  return Fail("a list cannot be changed; make a new one, as in {% set items = items + [x] %}");
}

absl::StatusOr<Object> RefuseDictChange(Runtime*, const Object&, const BoundArguments&) {
  return Fail(
      "a dictionary cannot be changed; make a new one, as in "
      "{% set d = d | combine({'key': x}) %}");
}

absl::StatusOr<Object> DictView(Runtime* runtime, const Object& self, Sequence::Kind kind) {
  const Mapping& mapping = self.as_mapping();
  KUR_RETURN_IF_ERROR(runtime->budget().MakeItems(mapping.size()));
  std::vector<Object> items;
  for (int64_t i = 0; i < mapping.size(); ++i) {
    if (kind == Sequence::Kind::kItems) {
      KUR_ASSIGN_OR_RETURN(Object pair, runtime->Tuple({mapping.key(i), mapping.value(i)}));
      items.push_back(std::move(pair));
    } else {
      items.push_back(kind == Sequence::Kind::kKeys ? mapping.key(i) : mapping.value(i));
    }
  }
  return runtime->List(std::move(items), kind);
}

absl::StatusOr<Object> DictItems(Runtime* runtime, const Object& self, const BoundArguments&) {
  return DictView(runtime, self, Sequence::Kind::kItems);
}

absl::StatusOr<Object> DictKeys(Runtime* runtime, const Object& self, const BoundArguments&) {
  return DictView(runtime, self, Sequence::Kind::kKeys);
}

absl::StatusOr<Object> DictValues(Runtime* runtime, const Object& self, const BoundArguments&) {
  return DictView(runtime, self, Sequence::Kind::kValues);
}

absl::StatusOr<Object> DictGet(Runtime* runtime, const Object& self,
                               const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string hash_key, HashKeyOf(runtime, arguments.get(0)));
  KUR_RETURN_IF_ERROR(runtime->budget().Spend(1 + self.as_mapping().size() / 64));
  const auto found = self.as_mapping().Find(arguments.get(0), hash_key);
  return found.has_value() ? *found : arguments.get(1);
}

}  // namespace

const BuiltinTable& ListMethods() {
  static const auto* const kTable = [] {
    auto* table = new BuiltinTable{{"index", {Signature("value"), &ListIndex}},
                                   {"count", {Signature("value"), &ListCount}},
                                   {"copy", {Signature(""), &Copy}}};
    for (const char* name :
         {"append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse"}) {
      table->emplace(name, Builtin{Signature("* **"), &RefuseListChange});
    }
    return table;
  }();
  return *kTable;
}

const BuiltinTable& DictMethods() {
  static const auto* const kTable = [] {
    auto* table = new BuiltinTable{{"items", {Signature(""), &DictItems}},
                                   {"keys", {Signature(""), &DictKeys}},
                                   {"values", {Signature(""), &DictValues}},
                                   {"get", {Signature("key default?"), &DictGet}},
                                   {"copy", {Signature(""), &Copy}}};
    for (const char* name : {"update", "pop", "popitem", "setdefault", "clear"}) {
      table->emplace(name, Builtin{Signature("* **"), &RefuseDictChange});
    }
    return table;
  }();
  return *kTable;
}

}  // namespace kur::jinja
