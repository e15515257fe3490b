#ifndef KUR_ENGINE_TEMPLATE_RUNTIME_H_
#define KUR_ENGINE_TEMPLATE_RUNTIME_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/template/budget.h"
#include "engine/template/object.h"
#include "engine/template/template.h"

namespace kur::jinja {

// The arguments of a call as they were written.
struct Arguments {
  std::vector<Object> positional;
  std::vector<std::pair<std::string, Object>> named;
};

// Everything that running one template needs. Not thread-safe; refers to its arguments.
class Runtime {
 public:
  Runtime(const Scope& scope, const TemplateHost& host, Budget* budget)
      : scope_(scope), host_(host), budget_(*budget) {}
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  const Scope& scope() const { return scope_; }
  const TemplateHost& host() const { return host_; }
  Budget& budget() { return budget_; }

  // Keeps a value as long as the runtime lives.
  const Value& Keep(Value value) {
    values_.push_back(std::make_unique<const Value>(std::move(value)));
    return *values_.back();
  }

  // Each makes an object within the budget: RESOURCE_EXHAUSTED if too large or too deeply nested.
  absl::StatusOr<Object> Text(std::string text);
  absl::StatusOr<Object> List(std::vector<Object> items) {
    return MakeSequence(std::move(items), false);
  }
  absl::StatusOr<Object> Tuple(std::vector<Object> items) {
    return MakeSequence(std::move(items), true);
  }
  absl::StatusOr<Object> MakeSequence(std::vector<Object> items, bool is_tuple);
  absl::StatusOr<Object> Dictionary(std::shared_ptr<const ObjectMapping> mapping);
  // Adds to a dictionary that is being built. INVALID_ARGUMENT for a key that cannot be one.
  absl::Status SetEntry(ObjectMapping* mapping, Object key, Object value);
  // Adds all that `source` has. INVALID_ARGUMENT unless that is a dictionary.
  absl::Status SetEntries(ObjectMapping* mapping, const Object& source);

  // Returns what a `for` would visit: the items of a sequence, keys of a dictionary, characters.
  absl::StatusOr<std::vector<Object>> ItemsOf(const Object& iterable);

  // Returns INVALID_ARGUMENT, with a suggestion, if `object` is undefined.
  absl::Status RequireDefined(const Object& object) const;

  // Returns whether an object is true in Python. An undefined one is an error.
  absl::StatusOr<bool> Truth(const Object& object);

 private:
  const Scope& scope_;
  const TemplateHost& host_;
  Budget& budget_;
  std::vector<std::unique_ptr<const Value>> values_;
};

// Each returns the text of an object, as str() or repr() of Python gives it.
absl::StatusOr<std::string> Print(Runtime* runtime, const Object& object);
absl::StatusOr<std::string> Repr(Runtime* runtime, const Object& object);
// Puts the texts of `items`, as Print() gives them, together with `separator` between them.
absl::StatusOr<Object> JoinTexts(Runtime* runtime, const std::vector<Object>& items,
                                 absl::string_view separator);

// Compares as Python does: 1 == 1.0 == true; a list is no tuple.
absl::StatusOr<bool> Equal(Runtime* runtime, const Object& a, const Object& b);
// Returns a negative number, zero or a positive one. INVALID_ARGUMENT for what has no order. A NaN
// is kUnordered.
constexpr int kUnordered = 2;
absl::StatusOr<int> Compare(Runtime* runtime, const Object& a, const Object& b);
// Returns a text that equal objects, and only they, share. INVALID_ARGUMENT for what cannot be the
// key of a dictionary.
absl::StatusOr<std::string> HashKeyOf(Runtime* runtime, const Object& object);
// Returns `needle in haystack`.
absl::StatusOr<bool> Contains(Runtime* runtime, const Object& haystack, const Object& needle);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_RUNTIME_H_
