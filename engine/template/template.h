#ifndef KUR_ENGINE_TEMPLATE_TEMPLATE_H_
#define KUR_ENGINE_TEMPLATE_TEMPLATE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/value/value.h"

namespace kur {

// Names in force while templates are rendered: the innermost scope wins. Does not own its parent,
// which must outlive it. Immutable while it is read; reading is thread-safe.
class Scope {
 public:
  Scope() = default;
  explicit Scope(const Scope* parent) : parent_(parent) {}
  Scope(const Scope* parent, Dict names) : parent_(parent), names_(std::move(names)) {}

  // Gives the value of a name, or null. The value must live as long as the scope is read.
  using Resolver = std::function<const Value*(absl::string_view name)>;
  // Makes a scope of names whose values are costly to make: `resolver` is asked for each.
  Scope(const Scope* parent, Resolver resolver) : parent_(parent), resolver_(std::move(resolver)) {}

  void Set(std::string name, Value value) { names_.Set(Value(std::move(name)), std::move(value)); }
  // Marks a name that has no value because of an error that was reported: what uses the name is not
  // judged (see TemplateEngine::Evaluate()).
  void SetBroken(const std::string& name) {
    names_.Erase(name);
    broken_.insert(name);
  }
  // Returns null if no scope has the name.
  const Value* Find(absl::string_view name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->parent_) {
      if (const Value* value = scope->names_.Find(name)) return value;
      if (!scope->resolver_) continue;
      if (const Value* value = scope->resolver_(name)) return value;
    }
    return nullptr;
  }
  bool IsBroken(const std::string& name) const {
    return broken_.count(name) > 0 || (parent_ != nullptr && parent_->IsBroken(name));
  }
  // Returns how many names there are, those that an inner scope hides counted too.
  size_t size() const { return names_.size() + (parent_ == nullptr ? 0 : parent_->size()); }
  // Returns every name in force, for suggestions.
  std::vector<std::string> Names() const;

 private:
  const Scope* parent_ = nullptr;
  Dict names_;
  std::set<std::string> broken_;
  Resolver resolver_;
};

// What templates may ask of the world; each may be left empty, and then using it is an error that
// says so.
struct TemplateHost {
  std::function<int64_t()> gpu_count;
  // Each returns the parsed content of a file that the template names.
  std::function<absl::StatusOr<Value>(const std::string& path)> load_json;
  std::function<absl::StatusOr<Value>(const std::string& path)> load_yaml;
};

// Bounds on the work of one Render() or Evaluate() call, and of all the calls of one engine and its
// copies together.
struct TemplateBudget {
  int64_t steps = 1000000;         // evaluated nodes, loop turns and 32-byte pieces of text
  int64_t output_bytes = 1 << 20;  // of rendered text, of any string made, and items of any list
  int recursion = 100;             // nesting of expressions, statements, lists and re-rendering
  int64_t total_steps = 10000000;
  int64_t total_value_bytes = 12 << 20;  // about, of the memory that evaluated values take
};

// Jinja2's expression language and statements as Kurfiles use them: one engine a Kurfile, so that
// the budget for all its templates is bounded too. Where Jinja2 gives a generator, a range or a
// view of a dictionary, this gives a list. What is undefined may only be looked at by `default`,
// `is defined` and `is undefined`; an inline `if` without `else` gives nothing, as in Jinja2.
// What Jinja2 has and this has not is an error that says so (see left_out.h).
// Thread-safe if the host's functions are; copies share what is left of the total budget.
class TemplateEngine {
 public:
  explicit TemplateEngine(TemplateHost host = {}, TemplateBudget budget = {})
      : host_(std::move(host)), budget_(budget), left_(std::make_shared<Left>(budget)) {}

  // Renders `text` once. INVALID_ARGUMENT with what is wrong (syntax, an undefined name with a
  // suggestion, a type that an operation does not take); RESOURCE_EXHAUSTED when a budget is spent;
  // UNAVAILABLE when it uses a name that is broken.
  absl::StatusOr<std::string> Render(absl::string_view text, const Scope& scope) const;

  // Renders a string until it stops changing; a rendered string that reads as a Python literal
  // becomes that value. With `recursive`, lists and dictionaries are evaluated inside (keys are
  // not). Locations are kept. Errors are diagnostics (see DiagnosticsOf()) at the string's
  // location, with `key` as their path; with `recursive` all errors are reported together.
  // UNAVAILABLE, without diagnostics, when all that is wrong is that broken names are used.
  absl::StatusOr<Value> Evaluate(const Value& value, const Scope& scope, bool recursive,
                                 const std::string& key) const;

 private:
  friend class CallBudget;

  // What is left for later calls.
  struct Left {
    explicit Left(const TemplateBudget& budget)
        : steps(budget.total_steps), value_bytes(budget.total_value_bytes) {}

    std::atomic<int64_t> steps;
    std::atomic<int64_t> value_bytes;
  };

  TemplateHost host_;
  TemplateBudget budget_;
  std::shared_ptr<Left> left_;
};

// Reads Python's literal syntax (ast.literal_eval): numbers (underscores, 0x, 0o, 0b), strings with
// escapes, lists, tuples and sets (as lists), dictionaries, True, False, None, unary minus. False
// when `text` is no literal. Nesting is bounded.
bool ParsePythonLiteral(absl::string_view text, Value* value);

}  // namespace kur

#endif  // KUR_ENGINE_TEMPLATE_TEMPLATE_H_
