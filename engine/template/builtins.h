#ifndef KUR_ENGINE_TEMPLATE_BUILTINS_H_
#define KUR_ENGINE_TEMPLATE_BUILTINS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/template/runtime.h"

// Filters, tests, functions and methods: one kind of thing. Tables are made once and never
// destroyed; reading them is thread-safe.
namespace kur::jinja {

// The arguments of a call in the order of the parameters that they belong to. Immutable; reading is
// thread-safe.
class BoundArguments {
 public:
  bool has(size_t parameter) const {
    return parameter < values_.size() && values_[parameter].has_value();
  }
  // Returns none if it was left out.
  Object get(size_t parameter) const { return has(parameter) ? *values_[parameter] : Object(); }
  // Each returns the argument, or `fallback` if it was left out or is none. INVALID_ARGUMENT for
  // another type.
  absl::StatusOr<int64_t> Integer(size_t parameter, int64_t fallback = 0) const;
  absl::StatusOr<std::string> Text(size_t parameter, absl::string_view fallback = "") const;
  absl::StatusOr<bool> Flag(Runtime* runtime, size_t parameter) const;

  // What the signature takes beyond its named parameters.
  const std::vector<Object>& rest() const { return rest_; }
  const std::vector<std::pair<std::string, Object>>& named_rest() const { return named_rest_; }

 private:
  friend class Signature;
  std::vector<std::optional<Object>> values_;
  std::vector<Object> rest_;
  std::vector<std::pair<std::string, Object>> named_rest_;
};

// Parameters written as "old new count?": a "?" may be left out, "*" takes more positional and
// "**" more named arguments. Immutable; reading is thread-safe.
class Signature {
 public:
  explicit Signature(absl::string_view parameters);
  absl::StatusOr<BoundArguments> Bind(const Arguments& arguments) const;

 private:
  std::vector<std::string> parameters_;
  std::vector<bool> required_;
  bool takes_rest_ = false, takes_named_rest_ = false;
};

using BuiltinFunction = absl::StatusOr<Object> (*)(Runtime* runtime, const Object& self,
                                                   const BoundArguments& arguments);

struct Builtin {
  Signature signature;
  BuiltinFunction function;
  // Whether it is for looking at what is undefined; all others refuse it.
  bool takes_undefined = false;
};

using BuiltinTable = std::map<std::string, Builtin, std::less<>>;

// Each adds the filters of one file.
void AddTextFilters(BuiltinTable* table);
void AddNumberFilters(BuiltinTable* table);
void AddSequenceFilters(BuiltinTable* table);
void AddSelectionFilters(BuiltinTable* table);
void AddSortingFilters(BuiltinTable* table);
void AddKurFilters(BuiltinTable* table);
void AddCollectionFilters(BuiltinTable* table);

const BuiltinTable& Tests();
const BuiltinTable& Functions();
const BuiltinTable& StringMethods();
const BuiltinTable& ListMethods();
const BuiltinTable& DictMethods();

// Returns the function that every template knows by that name, or null.
const Builtin* FindFunction(absl::string_view name);
// Returns the method of that name of a string, list or dictionary, or null.
const Builtin* FindMethod(const Object& object, absl::string_view name);
// Returns INVALID_ARGUMENT for a method that FindMethod() does not find, with a suggestion.
absl::Status NoSuchMethod(const Object& object, absl::string_view name);

// Calls `builtin`; `title` ("filter 'round'") goes before its errors.
absl::StatusOr<Object> CallBuiltin(Runtime* runtime, const Builtin& builtin,
                                   const std::string& title, const Object& self,
                                   const Arguments& arguments);
// Each calls by name. INVALID_ARGUMENT with a suggestion for an unknown one.
absl::StatusOr<Object> CallFilter(Runtime* runtime, const std::string& name, const Object& self,
                                  const Arguments& arguments);
absl::StatusOr<bool> CallTest(Runtime* runtime, const std::string& name, const Object& self,
                              const Arguments& arguments);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_BUILTINS_H_
