#ifndef KUR_ENGINE_TEMPLATE_NATIVES_H_
#define KUR_ENGINE_TEMPLATE_NATIVES_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/template/ast.h"
#include "engine/template/evaluator.h"
#include "engine/template/runtime.h"

namespace kur::jinja {

// What namespace() makes: the one thing whose attributes a template may set, also from within a
// loop. Not thread-safe.
class Namespace final : public Native {
 public:
  std::string kind() const override { return "namespace"; }
  absl::StatusOr<std::optional<Object>> Attribute(absl::string_view name) override;
  void Set(const std::string& name, Object value) { attributes_[name] = std::move(value); }

 private:
  absl::flat_hash_map<std::string, Object> attributes_;
};

// What is known as `loop` inside a loop. Not thread-safe.
class Loop final : public Native {
 public:
  explicit Loop(std::vector<Object> items) : items_(std::move(items)) {}

  // Moves to the next item; false after the last.
  bool Advance() { return ++index_ < static_cast<int64_t>(items_.size()); }
  const Object& item() const { return items_[static_cast<size_t>(index_)]; }

  std::string kind() const override { return "loop"; }
  absl::StatusOr<std::optional<Object>> Attribute(absl::string_view name) override;

 private:
  std::vector<Object> items_;
  int64_t index_ = -1;
};

// A macro. Refers to the evaluator and the tree. Not thread-safe.
class Macro final : public Native {
 public:
  Macro(Evaluator* evaluator, const ast::MacroDefinition* definition, FramePtr frame)
      : evaluator_(*evaluator), definition_(*definition), frame_(std::move(frame)) {}
  std::string kind() const override { return "macro"; }
  absl::StatusOr<Object> Call(Runtime* runtime, const Arguments& arguments) override;

 private:
  // Refuses arguments that there are no parameters for.
  absl::Status CheckArguments(const Arguments& arguments) const;
  // Gives every parameter in `frame` its argument or default.
  absl::Status BindParameters(const Arguments& arguments, const FramePtr& frame);

  Evaluator& evaluator_;
  const ast::MacroDefinition& definition_;
  FramePtr frame_;  // where it was defined
};

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_NATIVES_H_
