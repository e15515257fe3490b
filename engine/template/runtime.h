#ifndef KUR_ENGINE_TEMPLATE_RUNTIME_H_
#define KUR_ENGINE_TEMPLATE_RUNTIME_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/template/object.h"
#include "engine/template/template.h"

namespace kur::jinja {

// INVALID_ARGUMENT with the parts as its message.
template <class... Parts>
absl::Status Fail(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

// What is left of a TemplateBudget. Not thread-safe.
class Budget {
 public:
  explicit Budget(const TemplateBudget& limits)
      : limits_(limits), steps_left_(limits.steps), value_bytes_left_(limits.total_value_bytes) {}

  const TemplateBudget& limits() const { return limits_; }
  int64_t steps_spent() const { return limits_.steps - steps_left_; }
  int64_t value_bytes_spent() const { return limits_.total_value_bytes - value_bytes_left_; }

  // RESOURCE_EXHAUSTED when the steps are spent.
  absl::Status Spend(int64_t steps);
  // Pays for looking at or copying `bytes` of text.
  absl::Status SpendOnText(size_t bytes) {
    return Spend(1 + static_cast<int64_t>(bytes / kBytesPerStep));
  }
  // RESOURCE_EXHAUSTED if a string of `bytes` may not be made; else pays for making it.
  absl::Status MakeText(int64_t bytes);
  // The same for a list or dictionary of `items`.
  absl::Status MakeItems(int64_t items);
  // Pays for the value, which stays, that a rendered text becomes.
  absl::Status KeepValue(absl::string_view rendered);

  // One level of nesting, for as long as it lives.
  class Level {
   public:
    explicit Level(Budget* budget) : budget_(budget) { ++budget_->level_; }
    ~Level() { --budget_->level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    // RESOURCE_EXHAUSTED if this level is one too many.
    absl::Status status() const;

   private:
    Budget* budget_;
  };

 private:
  static constexpr int64_t kBytesPerStep = 32;

  TemplateBudget limits_;
  int64_t steps_left_;
  int64_t value_bytes_left_;
  int level_ = 0;
};

// The arguments of a call as they were written.
struct Arguments {
  std::vector<Object> positional;
  std::vector<std::pair<std::string, Object>> named;
};

class Runtime;

// An object with behaviour: a function, macro, namespace, loop, ... Owned by a Runtime, or static.
class Native {
 public:
  virtual ~Native() = default;
  // "function", "macro", "namespace": for messages.
  virtual std::string kind() const = 0;
  // As printed.
  virtual absl::StatusOr<std::string> Print(Runtime* runtime) const = 0;
  // Nothing if there is no such attribute.
  virtual absl::StatusOr<std::optional<Object>> Attribute(Runtime* runtime,
                                                          absl::string_view name) {
    static_cast<void>(runtime);
    static_cast<void>(name);
    return std::optional<Object>();
  }
  virtual bool callable() const { return false; }
  // Precondition: callable().
  virtual absl::StatusOr<Object> Call(Runtime* runtime, const Arguments& arguments) {
    static_cast<void>(runtime);
    static_cast<void>(arguments);
    return Fail("a ", kind(), " cannot be called");
  }
};

// Everything that running one template needs. Owns the natives that the template makes, so that
// they may refer to each other in any way. Not thread-safe; refers to its arguments.
class Runtime {
 public:
  Runtime(const Scope& scope, const TemplateHost& host, Budget* budget)
      : scope_(scope), host_(host), budget_(*budget) {}
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  const Scope& scope() const { return scope_; }
  const TemplateHost& host() const { return host_; }
  Budget& budget() { return budget_; }

  // A native that lives as long as the runtime.
  template <class T, class... Args>
  T* New(Args&&... args) {
    auto native = std::make_unique<T>(std::forward<Args>(args)...);
    T* pointer = native.get();
    natives_.push_back(std::move(native));
    return pointer;
  }
  // Keeps a value as long as the runtime lives.
  const Value& Keep(Value value) {
    values_.push_back(std::make_unique<const Value>(std::move(value)));
    return *values_.back();
  }

  // Objects within the budget: RESOURCE_EXHAUSTED if too large or too deeply nested.
  absl::StatusOr<Object> Text(std::string text);
  absl::StatusOr<Object> List(std::vector<Object> items,
                              Sequence::Kind kind = Sequence::Kind::kList);
  absl::StatusOr<Object> Tuple(std::vector<Object> items) {
    return List(std::move(items), Sequence::Kind::kTuple);
  }
  absl::StatusOr<Object> Dictionary(std::shared_ptr<const ObjectMapping> mapping);
  // Adds to a dictionary that is being built. INVALID_ARGUMENT for a key that cannot be one.
  absl::Status SetEntry(ObjectMapping* mapping, Object key, Object value);

  // The items that a `for` would visit: those of a sequence, keys of a dictionary, characters.
  absl::StatusOr<std::vector<Object>> Items(const Object& iterable);

  // INVALID_ARGUMENT, with a suggestion, if `object` is undefined.
  absl::Status RequireDefined(const Object& object) const;

  // Truth as in Python. An undefined object is an error.
  absl::StatusOr<bool> Truth(const Object& object);

 private:
  const Scope& scope_;
  const TemplateHost& host_;
  Budget& budget_;
  std::vector<std::unique_ptr<Native>> natives_;
  std::vector<std::unique_ptr<const Value>> values_;
};

// Text of an object as str() and repr() of Python give it.
absl::StatusOr<std::string> Print(Runtime* runtime, const Object& object);
absl::StatusOr<std::string> Repr(Runtime* runtime, const Object& object);

// As in Python: 1 == 1.0 == true; a list is no tuple.
absl::StatusOr<bool> Equal(Runtime* runtime, const Object& a, const Object& b);
// Negative, zero or positive. INVALID_ARGUMENT for what has no order. A NaN is kUnordered.
constexpr int kUnordered = 2;
absl::StatusOr<int> Compare(Runtime* runtime, const Object& a, const Object& b);
// Equal objects, and only they, have the same text. INVALID_ARGUMENT for lists and dictionaries.
absl::StatusOr<std::string> HashKeyOf(Runtime* runtime, const Object& object);
// `needle in haystack`.
absl::StatusOr<bool> Contains(Runtime* runtime, const Object& haystack, const Object& needle);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_RUNTIME_H_
