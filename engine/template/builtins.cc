#include "engine/template/builtins.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/template/left_out.h"

namespace kur::jinja {
namespace {

const BuiltinTable& Filters() {
  static const auto* const kTable = [] {
    auto* table = new BuiltinTable;
    AddTextFilters(table);
    AddNumberFilters(table);
    AddSequenceFilters(table);
    AddSelectionFilters(table);
    AddSortingFilters(table);
    AddKurFilters(table);
    AddCollectionFilters(table);
    return table;
  }();
  return *kTable;
}

std::vector<std::string> NamesOf(const BuiltinTable& table) {
  std::vector<std::string> names;
  for (const auto& entry : table) names.push_back(entry.first);
  return names;
}

const BuiltinTable* MethodsOf(const Object& object) {
  if (object.is_string()) return &StringMethods();
  if (object.is_mapping()) return &DictMethods();
  if (object.is_sequence()) return &ListMethods();
  return nullptr;
}

// Finds by name; null if there is no such entry.
const Builtin* FindIn(const BuiltinTable& table, absl::string_view name) {
  const auto it = table.find(std::string(name));
  return it == table.end() ? nullptr : &it->second;
}

// Says that `name` is left out, or that `unknown` is what there is not.
absl::Status Unknown(NameKind kind, absl::string_view name, const std::string& unknown,
                     const BuiltinTable& table) {
  const std::string left_out = LeftOutMessage(kind, name);
  return Fail(left_out.empty() ? absl::StrCat(unknown, DidYouMean(name, NamesOf(table)))
                               : left_out);
}

absl::Status RequireAllDefined(Runtime* runtime, const Object& self, const Arguments& arguments) {
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(self));
  for (const Object& argument : arguments.positional) {
    KUR_RETURN_IF_ERROR(runtime->RequireDefined(argument));
  }
  for (const auto& [name, argument] : arguments.named) {
    KUR_RETURN_IF_ERROR(runtime->RequireDefined(argument));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int64_t> BoundArguments::Integer(size_t parameter, int64_t fallback) const {
  const Object value = get(parameter);
  if (value.is_none()) return fallback;
  if (!value.is_integral()) return Fail("expected an integer, got ", KindOf(value));
  return value.as_int();
}

absl::StatusOr<std::string> BoundArguments::Text(size_t parameter,
                                                 absl::string_view fallback) const {
  const Object value = get(parameter);
  if (value.is_none()) return std::string(fallback);
  if (!value.is_string()) return Fail("expected a string, got ", KindOf(value));
  return value.as_string();
}

absl::StatusOr<bool> BoundArguments::Flag(Runtime* runtime, size_t parameter) const {
  return runtime->Truth(get(parameter));
}

Signature::Signature(absl::string_view parameters) {
  for (absl::string_view name : absl::StrSplit(parameters, ' ', absl::SkipEmpty())) {
    if (name == "**") {
      takes_named_rest_ = true;
    } else if (name == "*") {
      takes_rest_ = true;
    } else {
      required_.push_back(!absl::ConsumeSuffix(&name, "?"));
      parameters_.push_back(std::string(name));
    }
  }
}

absl::StatusOr<BoundArguments> Signature::Bind(const Arguments& arguments) const {
  BoundArguments bound;
  bound.values_.resize(parameters_.size());
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    if (i < parameters_.size()) {
      bound.values_[i] = arguments.positional[i];
    } else if (takes_rest_) {
      bound.rest_.push_back(arguments.positional[i]);
    } else {
      return Fail("takes at most ", parameters_.size(), " arguments, got ",
                  arguments.positional.size());
    }
  }
  for (const auto& [name, value] : arguments.named) {
    const auto it = std::find(parameters_.begin(), parameters_.end(), name);
    if (it == parameters_.end()) {
      if (!takes_named_rest_) {
        return Fail("takes no argument '", name, "'", DidYouMean(name, parameters_));
      }
      bound.named_rest_.emplace_back(name, value);
      continue;
    }
    auto& slot = bound.values_[static_cast<size_t>(it - parameters_.begin())];
    if (slot.has_value()) return Fail("got the argument '", name, "' twice");
    slot = value;
  }
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (required_[i] && !bound.values_[i].has_value()) {
      return Fail("needs the argument '", parameters_[i], "'");
    }
  }
  return bound;
}

const Builtin* FindFunction(absl::string_view name) { return FindIn(Functions(), name); }

const Builtin* FindMethod(const Object& object, absl::string_view name) {
  const BuiltinTable* table = MethodsOf(object);
  return table == nullptr ? nullptr : FindIn(*table, name);
}

absl::Status NoSuchMethod(const Object& object, absl::string_view name) {
  const std::string unknown = absl::StrCat(KindOf(object), " has no method '", name, "'");
  const BuiltinTable* table = MethodsOf(object);
  if (table == nullptr) return Fail(unknown);
  const NameKind kind = object.is_string()    ? NameKind::kStringMethod
                        : object.is_mapping() ? NameKind::kDictMethod
                                              : NameKind::kListMethod;
  return Unknown(kind, name, unknown, *table);
}

absl::StatusOr<Object> CallBuiltin(Runtime* runtime, const Builtin& builtin,
                                   const std::string& title, const Object& self,
                                   const Arguments& arguments) {
  const Budget::Level level(&runtime->budget());
  KUR_RETURN_IF_ERROR(level.status());
  const size_t text_size = self.is_string() ? self.as_string().size() : 0;
  KUR_RETURN_IF_ERROR(runtime->budget().SpendOnText(text_size));
  if (!builtin.takes_undefined) {
    KUR_RETURN_IF_ERROR(RequireAllDefined(runtime, self, arguments));
  }
  const auto bound = builtin.signature.Bind(arguments);
  if (!bound.ok()) return Annotate(bound.status(), title);
  absl::StatusOr<Object> result = builtin.function(runtime, self, *bound);
  if (absl::IsInvalidArgument(result.status())) return Annotate(result.status(), title);
  return result;
}

absl::StatusOr<Object> CallFilter(Runtime* runtime, const std::string& name, const Object& self,
                                  const Arguments& arguments) {
  const std::string title = absl::StrCat("filter '", name, "'");
  const Builtin* filter = FindIn(Filters(), name);
  if (filter == nullptr) {
    return Unknown(NameKind::kFilter, name, absl::StrCat("there is no ", title), Filters());
  }
  return CallBuiltin(runtime, *filter, title, self, arguments);
}

absl::StatusOr<bool> CallTest(Runtime* runtime, const std::string& name, const Object& self,
                              const Arguments& arguments) {
  const std::string title = absl::StrCat("test '", name, "'");
  const Builtin* test = FindIn(Tests(), name);
  if (test == nullptr) {
    return Unknown(NameKind::kTest, name, absl::StrCat("there is no ", title), Tests());
  }
  KUR_ASSIGN_OR_RETURN(const Object result, CallBuiltin(runtime, *test, title, self, arguments));
  return result.as_bool();
}

}  // namespace kur::jinja
