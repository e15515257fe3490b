// Holds the methods of lists and dictionaries.

#include "engine/base/status.h"
#include "engine/template/builtins.h"

namespace kur::jinja {
namespace {

absl::StatusOr<Object> Index(Runtime* runtime, const Object& self,
                             const BoundArguments& arguments) {
  for (int64_t i = 0; i < self.as_sequence().size(); ++i) {
    KUR_ASSIGN_OR_RETURN(const bool equal,
                         Equal(runtime, self.as_sequence().at(i), arguments.get(0)));
    if (equal) return Object(i);
  }
  KUR_ASSIGN_OR_RETURN(const std::string text, Repr(runtime, arguments.get(0)));
  return Fail(text, " is not in the list");
}

absl::StatusOr<Object> Keys(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(std::vector<Object> keys, runtime->ItemsOf(self));
  return runtime->List(std::move(keys));
}

absl::StatusOr<Object> Values(Runtime* runtime, const Object& self, const BoundArguments&) {
  std::vector<Object> values;
  for (int64_t i = 0; i < self.as_mapping().size(); ++i) {
    values.push_back(self.as_mapping().value(i));
  }
  return runtime->List(std::move(values));
}

absl::StatusOr<Object> Items(Runtime* runtime, const Object& self, const BoundArguments&) {
  if (!self.is_mapping()) return Fail("needs a dictionary, not ", KindOf(self));
  const Mapping& mapping = self.as_mapping();
  std::vector<Object> pairs;
  for (int64_t i = 0; i < mapping.size(); ++i) {
    KUR_ASSIGN_OR_RETURN(Object pair, runtime->Tuple({mapping.key(i), mapping.value(i)}));
    pairs.push_back(std::move(pair));
  }
  return runtime->List(std::move(pairs));
}

absl::StatusOr<Object> Get(Runtime* runtime, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string hash_key, HashKeyOf(runtime, arguments.get(0)));
  KUR_RETURN_IF_ERROR(runtime->budget().Spend(1 + self.as_mapping().size() / 64));
  const auto found = self.as_mapping().Find(arguments.get(0), hash_key);
  return found.has_value() ? *found : arguments.get(1);
}

}  // namespace

const BuiltinTable& ListMethods() {
  static const auto* const kTable = new BuiltinTable{{"index", {Signature("value"), &Index}}};
  return *kTable;
}

const BuiltinTable& DictMethods() {
  static const auto* const kTable = new BuiltinTable{{"items", {Signature(""), &Items}},
                                                     {"keys", {Signature(""), &Keys}},
                                                     {"values", {Signature(""), &Values}},
                                                     {"get", {Signature("key default?"), &Get}}};
  return *kTable;
}

void AddCollectionFilters(BuiltinTable* table) { table->insert(*DictMethods().find("items")); }

}  // namespace kur::jinja
