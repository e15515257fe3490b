#ifndef KUR_ENGINE_TEMPLATE_EVALUATOR_H_
#define KUR_ENGINE_TEMPLATE_EVALUATOR_H_

#include <memory>
#include <optional>
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

// Runs the statements and expressions of one template. Every method spends the runtime's budget.
// Not thread-safe; refers to the runtime and the tree, which must outlive it.
class Evaluator {
 public:
  explicit Evaluator(Runtime* runtime) : runtime_(*runtime), frames_(1) {}

  // Returns the text of the whole template. An error of a template of several lines tells the line.
  absl::StatusOr<std::string> Render(const ast::Body& body);

 private:
  class FrameGuard;

  absl::StatusOr<Object> Evaluate(const ast::Expression& expression);
  // Returns the value of an expression that may be null: none.
  absl::StatusOr<Object> EvaluateOptional(const ast::ExpressionPtr& expression);
  absl::StatusOr<bool> EvaluateTruth(const ast::Expression& expression);
  absl::StatusOr<Arguments> EvaluateArguments(const ast::CallArguments& arguments);
  // Returns nothing if no frame and no scope has the name. UNAVAILABLE for a broken one.
  absl::StatusOr<std::optional<Object>> FindVariable(const std::string& name);

  absl::StatusOr<Object> Visit(const ast::Constant& node);
  absl::StatusOr<Object> Visit(const ast::Name& node);
  absl::StatusOr<Object> Visit(const ast::ListDisplay& node);
  absl::StatusOr<Object> Visit(const ast::DictDisplay& node);
  absl::StatusOr<Object> Visit(const ast::Unary& node);
  absl::StatusOr<Object> Visit(const ast::Binary& node);
  absl::StatusOr<Object> Visit(const ast::ComparisonChain& node);
  absl::StatusOr<Object> Visit(const ast::Concatenation& node);
  absl::StatusOr<Object> Visit(const ast::Conditional& node);
  absl::StatusOr<Object> Visit(const ast::Attribute& node);
  absl::StatusOr<Object> Visit(const ast::Item& node);
  absl::StatusOr<Object> Visit(const ast::Slice& node);
  absl::StatusOr<Object> Visit(const ast::Call& node);
  absl::StatusOr<Object> Visit(const ast::Filter& node);
  absl::StatusOr<Object> Visit(const ast::Test& node);
  absl::StatusOr<Object> CallFunction(const std::string& name, const Arguments& arguments);
  absl::StatusOr<Object> CallMethod(const ast::Attribute& node, const Arguments& arguments);

  absl::Status Run(const ast::Body& body, TextBuilder* output);
  absl::Status Run(const ast::Text& node, TextBuilder* output);
  absl::Status Run(const ast::Output& node, TextBuilder* output);
  absl::Status Run(const ast::If& node, TextBuilder* output);
  absl::Status Run(const ast::For& node, TextBuilder* output);
  absl::Status Run(const ast::Set& node, TextBuilder* output);

  // Returns the items of a loop that its condition lets through.
  absl::StatusOr<std::vector<Object>> SelectItems(const ast::For& loop);
  absl::Status Assign(const ast::Target& target, const Object& value);

  Runtime& runtime_;
  // What the template sets: a frame for the whole and one for each loop that is running, within
  // which assigning stays. The innermost is the last.
  std::vector<absl::flat_hash_map<std::string, Object>> frames_;
  int line_ = 1;  // of the statement that runs
};

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_EVALUATOR_H_
