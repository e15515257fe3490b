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
// loop.
class Namespace final : public Native {
 public:
  explicit Namespace(std::vector<std::pair<std::string, Object>> attributes);
  std::string kind() const override { return "namespace"; }
  absl::StatusOr<std::string> Print(Runtime* runtime) const override;
  absl::StatusOr<std::optional<Object>> Attribute(Runtime* runtime,
                                                  absl::string_view name) override;
  void Set(const std::string& name, Object value);

 private:
  std::vector<std::pair<std::string, Object>> attributes_;  // in order
  absl::flat_hash_map<std::string, size_t> index_;
};

// What is known as `loop` inside a loop.
class Loop final : public Native {
 public:
  // The evaluator, the tree and the frame around the loop, for a loop that calls itself.
  struct Context {
    Evaluator* evaluator;
    const ast::For* node;
    FramePtr frame;
  };
  Loop(Context context, std::vector<Object> items, int depth)
      : context_(std::move(context)), items_(std::move(items)), depth_(depth) {}

  // Moves to the next item; false after the last.
  bool Advance() { return ++index_ < static_cast<int64_t>(items_.size()); }
  const Object& item() const { return items_[static_cast<size_t>(index_)]; }

  std::string kind() const override { return "loop"; }
  absl::StatusOr<std::string> Print(Runtime* runtime) const override;
  absl::StatusOr<std::optional<Object>> Attribute(Runtime* runtime,
                                                  absl::string_view name) override;
  bool callable() const override { return true; }
  absl::StatusOr<Object> Call(Runtime* runtime, const Arguments& arguments) override;

  // loop.cycle(...) and loop.changed(...).
  absl::StatusOr<Object> Cycle(const Arguments& arguments) const;
  absl::StatusOr<Object> Changed(Runtime* runtime, const Arguments& arguments);

 private:
  Object Neighbour(int64_t index, absl::string_view which) const;

  Context context_;
  std::vector<Object> items_;
  int depth_;
  int64_t index_ = -1;
  std::optional<std::vector<Object>> last_changed_;
};

// A macro, or the `caller` of a call block. Refers to the evaluator and the tree.
class Macro final : public Native {
 public:
  Macro(Evaluator* evaluator, const ast::MacroDefinition* definition, FramePtr frame)
      : evaluator_(*evaluator), definition_(*definition), frame_(std::move(frame)) {}
  std::string kind() const override { return "macro"; }
  absl::StatusOr<std::string> Print(Runtime* runtime) const override;
  absl::StatusOr<std::optional<Object>> Attribute(Runtime* runtime,
                                                  absl::string_view name) override;
  bool callable() const override { return true; }
  absl::StatusOr<Object> Call(Runtime* runtime, const Arguments& arguments) override;

 private:
  absl::Status BindParameters(const Arguments& arguments, std::vector<bool>* used,
                              const FramePtr& frame);
  absl::Status BindRest(Runtime* runtime, const Arguments& arguments, const std::vector<bool>& used,
                        const FramePtr& frame);

  Evaluator& evaluator_;
  const ast::MacroDefinition& definition_;
  FramePtr frame_;  // where it was defined
};

// A native that is a method of another, as `loop.cycle`, or a function of no state.
class Function final : public Native {
 public:
  using Body = std::function<absl::StatusOr<Object>(Runtime*, const Arguments&)>;
  Function(std::string name, Body body) : name_(std::move(name)), body_(std::move(body)) {}
  std::string kind() const override { return "function"; }
  absl::StatusOr<std::string> Print(Runtime*) const override { return "<function " + name_ + ">"; }
  bool callable() const override { return true; }
  absl::StatusOr<Object> Call(Runtime* runtime, const Arguments& arguments) override {
    return body_(runtime, arguments);
  }

 private:
  std::string name_;
  Body body_;
};

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_NATIVES_H_
