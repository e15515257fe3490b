// Holds the filters that work on lists, and on whatever can be gone through.

#include <algorithm>

#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "engine/template/attribute_getter.h"
#include "engine/template/builtins.h"
#include "engine/template/operators.h"

namespace kur::jinja {
namespace {

absl::StatusOr<Object> Length(Runtime*, const Object& self, const BoundArguments&) {
  if (self.is_string()) return Object(CharacterCount(self.as_string()));
  if (self.is_sequence()) return Object(self.as_sequence().size());
  if (self.is_mapping()) return Object(self.as_mapping().size());
  return Fail(KindOf(self), " has no length");
}

absl::StatusOr<Object> ToList(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(std::vector<Object> items, runtime->ItemsOf(self));
  return runtime->List(std::move(items));
}

absl::StatusOr<Object> First(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->ItemsOf(self));
  return items.empty() ? Object::Undefined("there is no first item: the sequence is empty")
                       : items.front();
}

absl::StatusOr<Object> Last(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->ItemsOf(self));
  return items.empty() ? Object::Undefined("there is no last item: the sequence is empty")
                       : items.back();
}

absl::StatusOr<Object> Reverse(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(std::vector<Object> items, runtime->ItemsOf(self));
  std::reverse(items.begin(), items.end());
  if (self.is_string()) return JoinTexts(runtime, items, "");
  return runtime->List(std::move(items));
}

absl::StatusOr<Object> Join(Runtime* runtime, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(std::vector<Object> items, runtime->ItemsOf(self));
  std::string separator;
  if (arguments.has(0)) {
    KUR_ASSIGN_OR_RETURN(separator, Print(runtime, arguments.get(0)));
  }
  KUR_ASSIGN_OR_RETURN(const AttributeGetter getter, AttributeGetter::Make(arguments.get(1)));
  for (Object& item : items) {
    KUR_ASSIGN_OR_RETURN(item, getter.Get(runtime, item));
  }
  return JoinTexts(runtime, items, separator);
}

absl::StatusOr<Object> Sum(Runtime* runtime, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->ItemsOf(self));
  KUR_ASSIGN_OR_RETURN(const AttributeGetter getter, AttributeGetter::Make(arguments.get(0)));
  Object total = arguments.has(1) ? arguments.get(1) : Object(int64_t{0});
  if (total.is_string()) return Fail("adds numbers; the filter 'join' puts texts together");
  for (const Object& item : items) {
    KUR_ASSIGN_OR_RETURN(const Object value, getter.Get(runtime, item));
    KUR_ASSIGN_OR_RETURN(total, Apply(runtime, ast::BinaryOperator::kAdd, total, value));
  }
  return total;
}

absl::StatusOr<Object> Default(Runtime* runtime, const Object& self,
                               const BoundArguments& arguments) {
  const Object fallback = arguments.has(0) ? arguments.get(0) : Object("");
  if (self.is_undefined()) return fallback;
  KUR_ASSIGN_OR_RETURN(const bool when_false, arguments.Flag(runtime, 1));
  if (!when_false) return self;
  KUR_ASSIGN_OR_RETURN(const bool truth, runtime->Truth(self));
  return truth ? self : fallback;
}

}  // namespace

void AddSequenceFilters(BuiltinTable* table) {
  table->insert({{"length", {Signature(""), &Length}},
                 {"count", {Signature(""), &Length}},
                 {"list", {Signature(""), &ToList}},
                 {"first", {Signature(""), &First}},
                 {"last", {Signature(""), &Last}},
                 {"reverse", {Signature(""), &Reverse}},
                 {"join", {Signature("d? attribute?"), &Join}},
                 {"sum", {Signature("attribute? start?"), &Sum}},
                 {"default", {Signature("default_value? boolean?"), &Default, true}},
                 {"d", {Signature("default_value? boolean?"), &Default, true}}});
}

}  // namespace kur::jinja
