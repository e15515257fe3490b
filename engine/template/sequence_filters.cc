// Filters that work on lists, and on whatever can be gone through.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/attribute_getter.h"
#include "engine/template/builtins.h"
#include "engine/template/operators.h"
#include "engine/template/text.h"
#include "engine/template/text_functions.h"

namespace kur::jinja {
namespace {

Object Nothing(absl::string_view message) {
  UndefinedInfo info;
  info.name = std::string(message);
  return Object(std::move(info));
}

absl::StatusOr<Object> Length(Runtime*, const Object& self, const BoundArguments&) {
  if (self.is_string()) return Object(CharacterCount(self.as_string()));
  if (self.is_sequence()) return Object(self.as_sequence().size());
  if (self.is_mapping()) return Object(self.as_mapping().size());
  return Fail(KindOf(self), " has no length");
}

absl::StatusOr<Object> ToList(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(std::vector<Object> items, runtime->Items(self));
  return runtime->List(std::move(items));
}

absl::StatusOr<Object> First(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->Items(self));
  return items.empty() ? Nothing("there is no first item: the sequence is empty") : items.front();
}

absl::StatusOr<Object> Last(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->Items(self));
  return items.empty() ? Nothing("there is no last item: the sequence is empty") : items.back();
}

absl::StatusOr<Object> Reverse(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(std::vector<Object> items, runtime->Items(self));
  std::reverse(items.begin(), items.end());
  if (self.is_string()) return JoinTexts(runtime, items, "");
  return runtime->List(std::move(items));
}

absl::StatusOr<Object> Join(Runtime* runtime, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(std::vector<Object> items, runtime->Items(self));
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
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->Items(self));
  KUR_ASSIGN_OR_RETURN(const AttributeGetter getter, AttributeGetter::Make(arguments.get(0)));
  Object total = arguments.has(1) ? arguments.get(1) : Object(int64_t{0});
  if (total.is_string()) return Fail("adds numbers; the filter 'join' puts texts together");
  for (const Object& item : items) {
    KUR_ASSIGN_OR_RETURN(const Object value, getter.Get(runtime, item));
    KUR_ASSIGN_OR_RETURN(total, Apply(runtime, ast::BinaryOperator::kAdd, total, value));
  }
  return total;
}

// Rows of `linecount` items, the last one filled up with `fill_with`.
absl::StatusOr<Object> Batch(Runtime* runtime, const Object& self,
                             const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->Items(self));
  KUR_ASSIGN_OR_RETURN(const int64_t size, arguments.Integer(0));
  if (size < 1) return Fail("the size of a batch must be at least 1");
  std::vector<Object> rows, row;
  const auto flush = [&]() -> absl::Status {
    KUR_ASSIGN_OR_RETURN(Object list, runtime->List(std::exchange(row, {})));
    rows.push_back(std::move(list));
    return absl::OkStatus();
  };
  for (const Object& item : items) {
    row.push_back(item);
    if (static_cast<int64_t>(row.size()) == size) KUR_RETURN_IF_ERROR(flush());
  }
  if (!row.empty()) {
    if (!arguments.get(1).is_none()) {
      KUR_RETURN_IF_ERROR(runtime->budget().MakeItems(size));
      row.resize(static_cast<size_t>(size), arguments.get(1));
    }
    KUR_RETURN_IF_ERROR(flush());
  }
  return runtime->List(std::move(rows));
}

// `slices` lists, the first ones an item longer; the others end with `fill_with`.
absl::StatusOr<Object> Slice(Runtime* runtime, const Object& self,
                             const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime->Items(self));
  KUR_ASSIGN_OR_RETURN(const int64_t slices, arguments.Integer(0));
  if (slices < 1) return Fail("the number of slices must be at least 1");
  KUR_RETURN_IF_ERROR(runtime->budget().MakeItems(slices));
  const auto length = static_cast<int64_t>(items.size());
  const int64_t shorter = length / slices, longer = length % slices;
  std::vector<Object> result;
  auto next = items.begin();
  for (int64_t i = 0; i < slices; ++i) {
    const auto end = next + (shorter + (i < longer ? 1 : 0));
    std::vector<Object> slice(next, end);
    next = end;
    if (i >= longer && !arguments.get(1).is_none()) slice.push_back(arguments.get(1));
    KUR_ASSIGN_OR_RETURN(Object list, runtime->List(std::move(slice)));
    result.push_back(std::move(list));
  }
  return runtime->List(std::move(result));
}

absl::StatusOr<Object> Items(Runtime* runtime, const Object& self, const BoundArguments&) {
  std::vector<Object> pairs;
  if (self.is_undefined()) return runtime->RequireDefined(self);
  if (!self.is_mapping()) return Fail("needs a dictionary, not ", KindOf(self));
  const Mapping& mapping = self.as_mapping();
  for (int64_t i = 0; i < mapping.size(); ++i) {
    KUR_ASSIGN_OR_RETURN(Object pair, runtime->Tuple({mapping.key(i), mapping.value(i)}));
    pairs.push_back(std::move(pair));
  }
  return runtime->List(std::move(pairs));
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

absl::StatusOr<Object> Attr(Runtime* runtime, const Object& self, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string name, arguments.Text(0));
  KUR_ASSIGN_OR_RETURN(const auto attribute, FindAttribute(runtime, self, name));
  if (attribute.has_value()) return *attribute;
  return Nothing(absl::StrCat(KindOf(self), " has no attribute '", name, "'"));
}

absl::StatusOr<Object> RefuseRandom(Runtime*, const Object&, const BoundArguments&) {
  return Fail("is not the same twice; a Kurfile must mean the same every time");
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
                 {"batch", {Signature("linecount fill_with?"), &Batch}},
                 {"slice", {Signature("slices fill_with?"), &Slice}},
                 {"items", {Signature(""), &Items}},
                 {"default", {Signature("default_value? boolean?"), &Default, true}},
                 {"d", {Signature("default_value? boolean?"), &Default, true}},
                 {"attr", {Signature("name"), &Attr}},
                 {"random", {Signature("*"), &RefuseRandom}}});
}

}  // namespace kur::jinja
