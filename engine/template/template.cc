#include "engine/template/template.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/evaluator.h"
#include "engine/template/lexer.h"
#include "engine/template/parser.h"
#include "engine/template/runtime.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

// A reader of Kurfiles refuses deeper values long before; what a template makes is bounded too.
constexpr int kDeepestValue = 250;
// As many errors as a person reads in one go.
constexpr size_t kMostErrors = 100;

bool IsTemplate(absl::string_view text) {
  return absl::StrContains(text, "{{") || absl::StrContains(text, "{%") ||
         absl::StrContains(text, "{#");
}

absl::StatusOr<std::string> RenderWithin(jinja::Budget* budget, absl::string_view text,
                                         const Scope& scope, const TemplateHost& host) {
  const std::string normalized = jinja::NormalizeTemplate(text);
  if (!IsTemplate(normalized)) return normalized;
  KUR_RETURN_IF_ERROR(budget->MakeText(static_cast<int64_t>(normalized.size())));
  KUR_ASSIGN_OR_RETURN(const jinja::ast::Body body,
                       jinja::ParseTemplate(normalized, budget->limits().recursion));
  jinja::Runtime runtime(scope, host, budget);
  return jinja::Evaluator(&runtime).Render(body);
}

// Returns the value with every part of it said to stand at `location`.
Value Place(const Value& value, const Location& location) {
  if (value.is_list()) {
    Value::List list;
    for (const Value& item : value.as_list()) list.push_back(Place(item, location));
    return Value(std::move(list)).At(location);
  }
  if (value.is_dict()) {
    Dict dict;
    for (const auto& [key, item] : value.as_dict()) {
      dict.Set(key.At(location), Place(item, location));
    }
    return Value(std::move(dict)).At(location);
  }
  return value.At(location);
}

std::string ChildPath(const std::string& path, const Value& key) {
  const std::string name = key.is_string() ? key.as_string() : ToJson(key);
  return path.empty() ? name : absl::StrCat(path, ".", name);
}

// One call of TemplateEngine::Evaluate(). Not thread-safe.
class ValueEvaluator {
 public:
  ValueEvaluator(const Scope& scope, const TemplateHost& host, bool recursive,
                 jinja::Budget* budget)
      : scope_(scope), host_(host), recursive_(recursive), budget_(*budget) {}

  Value Evaluate(const Value& value, const std::string& path, int depth) {
    if (exhausted_ || diagnostics_.all().size() >= kMostErrors) return value;
    if (value.is_string()) return EvaluateText(value, path, depth);
    const bool container = value.is_list() || value.is_dict();
    if (!recursive_ || !container) return value;
    if (depth >= kDeepestValue) {
      diagnostics_.Error(value.location(), path, "the value is nested too deeply");
      return value;
    }
    return value.is_list() ? EvaluateList(value, path, depth) : EvaluateDict(value, path, depth);
  }

  absl::Status status() const {
    if (diagnostics_.has_errors() || !uses_broken_) return diagnostics_.ToStatus();
    return absl::UnavailableError("uses what could not be evaluated");
  }

 private:
  Value EvaluateList(const Value& value, const std::string& path, int depth) {
    Value::List list;
    for (const Value& item : value.as_list()) {
      list.push_back(Evaluate(item, absl::StrCat(path, "[", list.size(), "]"), depth + 1));
    }
    return Value(std::move(list)).At(value.location());
  }

  Value EvaluateDict(const Value& value, const std::string& path, int depth) {
    Dict dict;
    for (const auto& [key, item] : value.as_dict()) {
      dict.Set(key, Evaluate(item, ChildPath(path, key), depth + 1));
    }
    return Value(std::move(dict)).At(value.location());
  }

  Value EvaluateText(const Value& value, const std::string& path, int depth) {
    const auto settled = RenderUntilSettled(value.as_string());
    if (!settled.ok()) {
      exhausted_ = absl::IsResourceExhausted(settled.status());
      uses_broken_ |= absl::IsUnavailable(settled.status());
      if (absl::IsUnavailable(settled.status())) return value;
      diagnostics_.Error(value.location(), path, std::string(settled.status().message()));
      return value;
    }
    const Value placed = Place(*settled, value.location());
    return placed.is_string() ? placed : Evaluate(placed, path, depth);
  }

  absl::StatusOr<Value> RenderUntilSettled(std::string text) {
    for (int round = 0; round < budget_.limits().recursion; ++round) {
      KUR_ASSIGN_OR_RETURN(std::string rendered, RenderWithin(&budget_, text, scope_, host_));
      if (rendered != text) KUR_RETURN_IF_ERROR(budget_.KeepValue(rendered));
      Value value;
      if (!ParsePythonLiteral(rendered, &value)) value = Value(std::move(rendered));
      if (!value.is_string() || value.as_string() == text) return value;
      text = value.as_string();
    }
    return jinja::Fail("the text still changes after it was rendered ", budget_.limits().recursion,
                       " times; does it refer to itself?");
  }

  const Scope& scope_;
  const TemplateHost& host_;
  const bool recursive_;
  jinja::Budget& budget_;
  bool exhausted_ = false;
  bool uses_broken_ = false;
  Diagnostics diagnostics_;
};

}  // namespace

// What is left of an engine's budget for one call; takes off what the call spends. Not thread-safe.
class CallBudget {
 public:
  explicit CallBudget(const TemplateEngine& engine)
      : left_(*engine.left_), budget_(Limit(engine.budget_, left_)) {}
  ~CallBudget() {
    left_.steps -= budget_.steps_spent();
    left_.value_bytes -= budget_.value_bytes_spent();
  }
  CallBudget(const CallBudget&) = delete;
  CallBudget& operator=(const CallBudget&) = delete;

  jinja::Budget* get() { return &budget_; }

 private:
  static TemplateBudget Limit(TemplateBudget limits, const TemplateEngine::Left& left) {
    limits.steps = std::max<int64_t>(0, std::min(limits.steps, left.steps.load()));
    limits.total_value_bytes = std::max<int64_t>(0, left.value_bytes);
    return limits;
  }

  TemplateEngine::Left& left_;
  jinja::Budget budget_;
};

std::vector<std::string> Scope::Names() const {
  std::vector<std::string> names;
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent_) {
    for (const auto& [key, value] : scope->names_) {
      if (key.is_string()) names.push_back(key.as_string());
    }
  }
  return names;
}

absl::StatusOr<std::string> TemplateEngine::Render(absl::string_view text,
                                                   const Scope& scope) const {
  CallBudget budget(*this);
  return RenderWithin(budget.get(), text, scope, host_);
}

absl::StatusOr<Value> TemplateEngine::Evaluate(const Value& value, const Scope& scope,
                                               bool recursive, const std::string& key) const {
  CallBudget budget(*this);
  ValueEvaluator evaluator(scope, host_, recursive, budget.get());
  Value result = evaluator.Evaluate(value, key, 0);
  KUR_RETURN_IF_ERROR(evaluator.status());
  return result;
}

}  // namespace kur
