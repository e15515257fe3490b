#include "engine/template/budget.h"

#include <algorithm>

#include "engine/base/status.h"

namespace kur::jinja {
namespace {

// Frames of the evaluator for each level that a person may nest.
constexpr int kLevelsPerRecursion = 5;

}  // namespace

absl::Status Budget::Spend(int64_t steps) {
  steps_left_ -= std::min(steps, steps_left_ + 1);
  if (steps_left_ >= 0) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("the template takes more than ", limits_.steps,
                                                   " steps; make its loops or texts shorter"));
}

absl::Status Budget::MakeText(int64_t bytes) {
  if (bytes > limits_.output_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the template makes a text of more than ", limits_.output_bytes, " bytes"));
  }
  return Spend(1 + bytes / kBytesPerStep);
}

absl::Status Budget::MakeItems(int64_t items) {
  if (items > limits_.output_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the template makes a list or dictionary of more than ", limits_.output_bytes, " items"));
  }
  return Spend(1 + items / 2);
}

absl::Status Budget::KeepValue(absl::string_view rendered) {
  // What separates the items of a list, should it be one, which each take about so many bytes.
  constexpr int64_t kBytesPerItem = 48;
  const int64_t items =
      std::count_if(rendered.begin(), rendered.end(), [](char c) { return c == ',' || c == ':'; });
  const int64_t bytes = static_cast<int64_t>(rendered.size()) + kBytesPerItem * items;
  value_bytes_left_ -= std::min(bytes, value_bytes_left_ + 1);
  if (value_bytes_left_ >= 0) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      "the values that the Kurfile's templates make are too large together; make lists and texts "
      "shorter");
}

absl::Status Budget::Level::status() const {
  if (budget_->level_ <= budget_->limits_.recursion * kLevelsPerRecursion) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      "the template is nested too deeply; does a macro or a loop call itself without end?");
}

absl::Status TextBuilder::Append(absl::string_view text) {
  const auto size = static_cast<int64_t>(text_.size() + text.size());
  if (size > budget_.limits().output_bytes) return budget_.MakeText(size);
  absl::StrAppend(&text_, text);
  return budget_.SpendOnText(text.size());
}

}  // namespace kur::jinja
