#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/evaluator.h"
#include "engine/template/natives.h"

namespace kur::jinja {

// Makes a frame the innermost one, for as long as it lives.
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
  std::string output;
  const absl::Status status = Run(body, &output);
  if (status.ok()) return output;
  if (line_ == 1) return status;
  return absl::Status(status.code(),
                      absl::StrCat(status.message(), " (line ", line_, " of the template)"));
}

absl::StatusOr<std::string> Evaluator::RenderIn(FramePtr frame, const ast::Body& body) {
  const FrameGuard guard(this, std::move(frame));
  std::string output;
  KUR_RETURN_IF_ERROR(Run(body, &output));
  return output;
}

absl::StatusOr<std::string> Evaluator::RenderBlock(const ast::Body& body) {
  return RenderIn(std::make_shared<Frame>(frame_), body);
}

absl::StatusOr<std::string> Evaluator::RenderLoop(const ast::For& loop, const Object& iterable,
                                                  int depth, FramePtr frame) {
  const FrameGuard guard(this, std::move(frame));
  std::string output;
  KUR_RETURN_IF_ERROR(RunLoop(loop, iterable, depth, &output));
  return output;
}

absl::Status Evaluator::Append(absl::string_view text, std::string* output) {
  const auto size = static_cast<int64_t>(output->size() + text.size());
  if (size > runtime_.budget().limits().output_bytes) return runtime_.budget().MakeText(size);
  absl::StrAppend(output, text);
  return runtime_.budget().SpendOnText(text.size());
}

absl::Status Evaluator::Run(const ast::Body& body, std::string* output) {
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

absl::Status Evaluator::Run(const ast::Text& node, std::string* output) {
  return Append(node.text, output);
}

absl::Status Evaluator::Run(const ast::Output& node, std::string* output) {
  KUR_ASSIGN_OR_RETURN(const Object value, Evaluate(*node.value));
  KUR_ASSIGN_OR_RETURN(const std::string text, Print(&runtime_, value));
  return Append(text, output);
}

absl::Status Evaluator::Run(const ast::If& node, std::string* output) {
  for (const auto& [condition, body] : node.branches) {
    bool holds = true;
    if (condition != nullptr) {
      KUR_ASSIGN_OR_RETURN(holds, EvaluateTruth(*condition));
    }
    if (holds) return Run(body, output);
  }
  return absl::OkStatus();
}

absl::Status Evaluator::Run(const ast::For& node, std::string* output) {
  KUR_ASSIGN_OR_RETURN(const Object iterable, Evaluate(*node.iterable));
  return RunLoop(node, iterable, 0, output);
}

absl::StatusOr<std::vector<Object>> Evaluator::SelectItems(const ast::For& loop,
                                                           const Object& iterable) {
  KUR_ASSIGN_OR_RETURN(std::vector<Object> items, runtime_.Items(iterable));
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

absl::Status Evaluator::RunLoop(const ast::For& loop, const Object& iterable, int depth,
                                std::string* output) {
  KUR_ASSIGN_OR_RETURN(std::vector<Object> items, SelectItems(loop, iterable));
  const FramePtr outer = frame_;
  if (items.empty()) {
    const FrameGuard guard(this, std::make_shared<Frame>(outer));
    return Run(loop.otherwise, output);
  }
  auto* state = runtime_.New<Loop>(Loop::Context{this, &loop, outer}, std::move(items), depth);
  while (state->Advance()) {
    KUR_RETURN_IF_ERROR(runtime_.budget().Spend(1));
    const FrameGuard guard(this, std::make_shared<Frame>(outer));
    frame_->Set("loop", Object(state));
    KUR_RETURN_IF_ERROR(Assign(loop.target, state->item()));
    KUR_RETURN_IF_ERROR(Run(loop.body, output));
  }
  return absl::OkStatus();
}

absl::Status Evaluator::Assign(const ast::Target& target, const Object& value) {
  if (!target.parts.empty()) {
    KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, runtime_.Items(value));
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

absl::Status Evaluator::Run(const ast::Set& node, std::string*) {
  KUR_ASSIGN_OR_RETURN(const Object value, Evaluate(*node.value));
  return Assign(node.target, value);
}

absl::StatusOr<Object> Evaluator::FilterText(const ast::ExpressionPtr& filter, std::string text) {
  if (filter == nullptr) return Object(std::move(text));
  Object outer = std::exchange(block_text_, Object(std::move(text)));
  auto result = Evaluate(*filter);
  block_text_ = std::move(outer);
  return result;
}

absl::Status Evaluator::Run(const ast::SetBlock& node, std::string*) {
  KUR_ASSIGN_OR_RETURN(std::string text, RenderBlock(node.body));
  KUR_ASSIGN_OR_RETURN(const Object value, FilterText(node.filter, std::move(text)));
  return Assign(node.target, value);
}

absl::Status Evaluator::Run(const ast::With& node, std::string* output) {
  auto frame = std::make_shared<Frame>(frame_);
  std::vector<Object> values;
  for (const auto& assignment : node.assignments) {
    KUR_ASSIGN_OR_RETURN(Object value, Evaluate(*assignment.second));
    values.push_back(std::move(value));
  }
  const FrameGuard guard(this, std::move(frame));
  for (size_t i = 0; i < values.size(); ++i) {
    KUR_RETURN_IF_ERROR(Assign(node.assignments[i].first, values[i]));
  }
  return Run(node.body, output);
}

absl::Status Evaluator::Run(const ast::FilterBlock& node, std::string* output) {
  KUR_ASSIGN_OR_RETURN(std::string text, RenderBlock(node.body));
  KUR_ASSIGN_OR_RETURN(const Object value, FilterText(node.filter, std::move(text)));
  KUR_ASSIGN_OR_RETURN(const std::string filtered, Print(&runtime_, value));
  return Append(filtered, output);
}

absl::Status Evaluator::Run(const ast::MacroDefinition& node, std::string*) {
  frame_->Set(node.name, Object(runtime_.New<Macro>(this, &node, frame_)));
  return absl::OkStatus();
}

absl::Status Evaluator::Run(const ast::CallBlock& node, std::string* output) {
  const auto& call = std::get<ast::Call>(node.call->node);
  KUR_ASSIGN_OR_RETURN(Arguments arguments, EvaluateArguments(call.arguments));
  arguments.named.emplace_back("caller", Object(runtime_.New<Macro>(this, &node.caller, frame_)));
  KUR_ASSIGN_OR_RETURN(const Object value, CallWith(call, std::move(arguments)));
  KUR_ASSIGN_OR_RETURN(const std::string text, Print(&runtime_, value));
  return Append(text, output);
}

}  // namespace kur::jinja
