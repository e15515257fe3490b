#ifndef KUR_ENGINE_TEMPLATE_EVALUATOR_H_
#define KUR_ENGINE_TEMPLATE_EVALUATOR_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/template/ast.h"
#include "engine/template/runtime.h"

namespace kur::jinja {

// Variables that a template sets. Loops, macros and blocks have frames of their own inside the one
// where they stand; assigning never reaches out of a frame.
class Frame {
 public:
  explicit Frame(std::shared_ptr<const Frame> parent) : parent_(std::move(parent)) {}
  void Set(const std::string& name, Object value) { names_[name] = std::move(value); }
  // Null if no frame has the name.
  const Object* Find(absl::string_view name) const;

 private:
  std::shared_ptr<const Frame> parent_;
  absl::flat_hash_map<std::string, Object> names_;
};
using FramePtr = std::shared_ptr<Frame>;

// Runs the statements and expressions of one template. Every method spends the runtime's budget.
// Not thread-safe; refers to the runtime and the tree, which must outlive it.
class Evaluator {
 public:
  explicit Evaluator(Runtime* runtime)
      : runtime_(*runtime), frame_(std::make_shared<Frame>(nullptr)) {}

  // The text of the whole template. An error of a template of several lines tells the line.
  absl::StatusOr<std::string> Render(const ast::Body& body);

  // The text of a body in a frame of its own: for macros and loops that call themselves.
  absl::StatusOr<std::string> RenderIn(FramePtr frame, const ast::Body& body);
  // The turns of a loop over `iterable`, `depth` recursions deep, in `frame`.
  absl::StatusOr<std::string> RenderLoop(const ast::For& loop, const Object& iterable, int depth,
                                         FramePtr frame);
  // The value of an expression in `frame`.
  absl::StatusOr<Object> EvaluateIn(FramePtr frame, const ast::Expression& expression);

 private:
  class FrameGuard;

  absl::StatusOr<Object> Evaluate(const ast::Expression& expression);
  // The value of an optional expression: none for a null one.
  absl::StatusOr<Object> EvaluateOptional(const ast::ExpressionPtr& expression);
  absl::StatusOr<bool> EvaluateTruth(const ast::Expression& expression);
  absl::StatusOr<Arguments> EvaluateArguments(const ast::CallArguments& arguments);
  absl::Status EvaluateMore(const ast::CallArguments& arguments, Arguments* values);

  absl::StatusOr<Object> Visit(const ast::Constant& node);
  absl::StatusOr<Object> Visit(const ast::Name& node);
  absl::StatusOr<Object> Visit(const ast::ListDisplay& node);
  absl::StatusOr<Object> Visit(const ast::DictDisplay& node);
  absl::StatusOr<Object> Visit(const ast::Unary& node);
  absl::StatusOr<Object> Visit(const ast::Binary& node);
  absl::StatusOr<Object> Visit(const ast::ComparisonChain& node);
  absl::StatusOr<Object> Visit(const ast::Concatenation& node);
  absl::StatusOr<Object> Visit(const ast::Logical& node);
  absl::StatusOr<Object> Visit(const ast::Conditional& node);
  absl::StatusOr<Object> Visit(const ast::Attribute& node);
  absl::StatusOr<Object> Visit(const ast::Item& node);
  absl::StatusOr<Object> Visit(const ast::Slice& node);
  absl::StatusOr<Object> Visit(const ast::Call& node);
  absl::StatusOr<Object> Visit(const ast::Filter& node);
  absl::StatusOr<Object> Visit(const ast::Test& node);
  absl::StatusOr<Object> CallWith(const ast::Call& node, Arguments arguments);

  absl::Status Run(const ast::Body& body, std::string* output);
  absl::Status Run(const ast::Text& node, std::string* output);
  absl::Status Run(const ast::Output& node, std::string* output);
  absl::Status Run(const ast::If& node, std::string* output);
  absl::Status Run(const ast::For& node, std::string* output);
  absl::Status Run(const ast::Set& node, std::string* output);
  absl::Status Run(const ast::SetBlock& node, std::string* output);
  absl::Status Run(const ast::With& node, std::string* output);
  absl::Status Run(const ast::FilterBlock& node, std::string* output);
  absl::Status Run(const ast::MacroDefinition& node, std::string* output);
  absl::Status Run(const ast::CallBlock& node, std::string* output);

  absl::Status RunLoop(const ast::For& loop, const Object& iterable, int depth,
                       std::string* output);
  // The items of a loop that its condition lets through.
  absl::StatusOr<std::vector<Object>> SelectItems(const ast::For& loop, const Object& iterable);
  absl::StatusOr<std::string> RenderBlock(const ast::Body& body);
  // A text through the filters of a block; null filters leave it as it is.
  absl::StatusOr<Object> FilterText(const ast::ExpressionPtr& filter, std::string text);
  absl::Status Assign(const ast::Target& target, const Object& value);
  absl::Status Append(absl::string_view text, std::string* output);

  Runtime& runtime_;
  FramePtr frame_;     // the innermost one
  Object block_text_;  // what the filters of a block work on
  int line_ = 1;       // of the statement that runs
};

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_EVALUATOR_H_
