// Runs statements.

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/evaluator.h"
#include "engine/template/natives.h"

namespace kur::jinja {

// Makes a frame the innermost one, for as long as it lives. Not thread-safe.
class Evaluator::FrameGuard {
 public:
  FrameGuard(Evaluator* evaluator, FramePtr frame)
      : evaluator_(*evaluator), outer_(std::exchange(evaluator_.frame_, std::move(frame))) {}
  ~FrameGuard() { evaluator_.frame_ = std::move(outer_); }
  FrameGuard(const FrameGuard&) = delete;
  FrameGuard& operator=(const FrameGuard&) = delete;

 private:
  Evaluator& evaluator_;
  FramePtr outer_;
};

absl::StatusOr<std::string> Evaluator::Render(const ast::Body& body) {
  TextBuilder output(&runtime_.budget());
  const absl::Status status = Run(body, &output);
  if (status.ok()) return output.Take();
  if (line_ == 1) return status;
  return absl::Status(status.code(),
                      absl::StrCat(status.message(), " (line ", line_, " of the template)"));
}

absl::StatusOr<std::string> Evaluator::RenderIn(FramePtr frame, const ast::Body& body) {
  const FrameGuard guard(this, std::move(frame));
  TextBuilder output(&runtime_.budget());
  KUR_RETURN_IF_ERROR(Run(body, &output));
  return output.Take();
}

absl::StatusOr<Object> Evaluator::EvaluateIn(FramePtr frame, const ast::Expression& expression) {
  const FrameGuard guard(this, std::move(frame));
  return Evaluate(expression);
}

absl::Status Evaluator::Run(const ast::Body& body, TextBuilder* output) {
  const Budget::Level level(&runtime_.budget());
  KUR_RETURN_IF_ERROR(level.status());
  for (const auto& statement : body) {
    KUR_RETURN_IF_ERROR(runtime_.budget().Spend(1));
    line_ = statement->line;
    KUR_RETURN_IF_ERROR(std::visit([this, output](const auto& node) { return Run(node, output); },
                                   statement->node));
  }
  return absl::OkStatus();
}

absl::Status Evaluator::Run(const ast::Text& node, TextBuilder* output) {
  return output->Append(node.text);
}

absl::Status Evaluator::Run(const ast::Output& node, TextBuilder* output) {
  KUR_ASSIGN_OR_RETURN(const Object value, Evaluate(*node.value));
  KUR_ASSIGN_OR_RETURN(const std::string text, Print(&runtime_, value));
  return output->Append(text);
}

absl::Status Evaluator::Run(const ast::If& node, TextBuilder* output) {
  for (const auto& [condition, body] : node.branches) {
    bool holds = true;
    if (condition != nullptr) {
      KUR_ASSIGN_OR_RETURN(holds, EvaluateTruth(*condition));
    }
    if (holds) return Run(body, output);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Object>> Evaluator::SelectItems(const ast::For& loop) {
  KUR_ASSIGN_OR_RETURN(const Object iterable, Evaluate(*loop.iterable));
  KUR_ASSIGN_OR_RETURN(std::vector<Object> items, runtime_.ItemsOf(iterable));
  if (loop.condition == nullptr) return items;
  std::vector<Object> selected;
  const FrameGuard guard(this, std::make_shared<Frame>(frame_));
  for (Object& item : items) {
    KUR_RETURN_IF_ERROR(Assign(loop.target, item));
    KUR_ASSIGN_OR_RETURN(const bool holds, EvaluateTruth(*loop.condition));
    if (holds) selected.push_back(std::move(item));
  }
  return selected;
}

absl::Status Evaluator::Run(const ast::For& node, TextBuilder* output) {
  KUR_ASSIGN_OR_RETURN(std::vector<Object> items, SelectItems(node));
  const FramePtr outer = frame_;
  if (items.empty()) {
    const FrameGuard guard(this, std::make_shared<Frame>(outer));
    return Run(node.otherwise, output);
  }
  auto* loop = runtime_.New<Loop>(std::move(items));
  while (loop->Advance()) {
    KUR_RETURN_IF_ERROR(runtime_.budget().Spend(1));
    const FrameGuard guard(this, std::make_shared<Frame>(outer));
    frame_->Set("loop", Object(loop));
    KUR_RETURN_IF_ERROR(Assign(node.target, loop->item()));
    KUR_RETURN_IF_ERROR(Run(node.body, output));
  }
  return absl::OkStatus();
}

absl::Status Evaluator::Assign(const ast::Target& target, const Object& value) {
  if (!target.parts.empty()) {
    KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime_.ItemsOf(value));
    if (items.size() != target.parts.size()) {
      return Fail("cannot assign ", items.size(), " items to ", target.parts.size(), " names");
    }
    for (size_t i = 0; i < items.size(); ++i) {
      KUR_RETURN_IF_ERROR(Assign(target.parts[i], items[i]));
    }
    return absl::OkStatus();
  }
  if (target.attribute.empty()) {
    frame_->Set(target.name, value);
    return absl::OkStatus();
  }
  const Object* object = frame_->Find(target.name);
  auto* names = object != nullptr && object->is_native()
                    ? dynamic_cast<Namespace*>(&object->as_native())
                    : nullptr;
  if (names == nullptr) {
    return Fail("cannot set '", target.name, ".", target.attribute, "': '", target.name,
                "' is no namespace; make it one with {% set ", target.name, " = namespace() %}");
  }
  names->Set(target.attribute, value);
  return absl::OkStatus();
}

absl::Status Evaluator::Run(const ast::Set& node, TextBuilder*) {
  KUR_ASSIGN_OR_RETURN(const Object value, Evaluate(*node.value));
  return Assign(node.target, value);
}

absl::Status Evaluator::Run(const ast::MacroDefinition& node, TextBuilder*) {
  frame_->Set(node.name, Object(runtime_.New<Macro>(this, &node, frame_)));
  return absl::OkStatus();
}

}  // namespace kur::jinja
