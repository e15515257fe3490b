// Runs statements.

#include <array>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/evaluator.h"

namespace kur::jinja {
namespace {

// What is known as `loop` in one turn of a loop. Immutable; reading is thread-safe.
class Loop final : public Mapping {
 public:
  Loop(int64_t index, int64_t length)
      : entries_{{{"index", Object(index + 1)},
                  {"index0", Object(index)},
                  {"revindex", Object(length - index)},
                  {"revindex0", Object(length - index - 1)},
                  {"first", Object(index == 0)},
                  {"last", Object(index == length - 1)},
                  {"length", Object(length)}}} {}
  int64_t size() const override { return static_cast<int64_t>(entries_.size()); }
  Object key(int64_t index) const override {
    return Object(entries_[static_cast<size_t>(index)].first);
  }
  Object value(int64_t index) const override { return entries_[static_cast<size_t>(index)].second; }
  std::optional<Object> Find(const Object& key, const std::string&) const override {
    for (const auto& [name, value] : entries_) {
      if (key.is_string() && key.as_string() == name) return value;
    }
    return std::nullopt;
  }
  int depth() const override { return 1; }

 private:
  std::array<std::pair<absl::string_view, Object>, 7> entries_;
};

}  // namespace

// Adds a frame, for as long as it lives. Not thread-safe.
class Evaluator::FrameGuard {
 public:
  explicit FrameGuard(Evaluator* evaluator) : frames_(evaluator->frames_) {
    frames_.emplace_back();
  }
  ~FrameGuard() { frames_.pop_back(); }
  FrameGuard(const FrameGuard&) = delete;
  FrameGuard& operator=(const FrameGuard&) = delete;

 private:
  std::vector<absl::flat_hash_map<std::string, Object>>& frames_;
};

absl::StatusOr<std::string> Evaluator::Render(const ast::Body& body) {
  TextBuilder output(&runtime_.budget());
  const absl::Status status = Run(body, &output);
  if (status.ok()) return output.Release();
  if (line_ == 1) return status;
  return absl::Status(status.code(),
                      absl::StrCat(status.message(), " (line ", line_, " of the template)"));
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
  const FrameGuard guard(this);
  for (Object& item : items) {
    KUR_RETURN_IF_ERROR(Assign(loop.target, item));
    KUR_ASSIGN_OR_RETURN(const bool holds, EvaluateTruth(*loop.condition));
    if (holds) selected.push_back(std::move(item));
  }
  return selected;
}

absl::Status Evaluator::Run(const ast::For& node, TextBuilder* output) {
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> items, SelectItems(node));
  const auto length = static_cast<int64_t>(items.size());
  for (int64_t i = 0; i < length; ++i) {
    const FrameGuard guard(this);
    KUR_RETURN_IF_ERROR(runtime_.budget().Spend(1));
    frames_.back()["loop"] =
        Object(std::shared_ptr<const Mapping>(std::make_shared<const Loop>(i, length)));
    KUR_RETURN_IF_ERROR(Assign(node.target, items[static_cast<size_t>(i)]));
    KUR_RETURN_IF_ERROR(Run(node.body, output));
  }
  if (!items.empty()) return absl::OkStatus();
  const FrameGuard guard(this);
  return Run(node.otherwise, output);
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
  frames_.back()[target.name] = value;
  return absl::OkStatus();
}

absl::Status Evaluator::Run(const ast::Set& node, TextBuilder*) {
  KUR_ASSIGN_OR_RETURN(const Object value, Evaluate(*node.value));
  return Assign(node.target, value);
}

}  // namespace kur::jinja
