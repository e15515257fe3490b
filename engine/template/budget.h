#ifndef KUR_ENGINE_TEMPLATE_BUDGET_H_
#define KUR_ENGINE_TEMPLATE_BUDGET_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/template/template.h"

namespace kur::jinja {

// Returns INVALID_ARGUMENT with the parts as its message.
template <class... Parts>
absl::Status Fail(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

// What is left of a TemplateBudget. Not thread-safe.
class Budget {
 public:
  explicit Budget(const TemplateBudget& limits)
      : limits_(limits), steps_left_(limits.steps), value_bytes_left_(limits.total_value_bytes) {}

  const TemplateBudget& limits() const { return limits_; }
  int64_t steps_spent() const { return limits_.steps - steps_left_; }
  int64_t value_bytes_spent() const { return limits_.total_value_bytes - value_bytes_left_; }

  // Takes steps away. RESOURCE_EXHAUSTED when they are spent, as from all that follow.
  absl::Status Spend(int64_t steps);
  // Pays for looking at or copying `bytes` of text.
  absl::Status SpendOnText(size_t bytes) {
    return Spend(1 + static_cast<int64_t>(bytes / kBytesPerStep));
  }
  // Pays for making a string of `bytes`, unless it is too large to be made.
  absl::Status MakeText(int64_t bytes);
  // Pays for making a list or dictionary of `items`, unless it is too large to be made.
  absl::Status MakeItems(int64_t items);
  // Pays for the value, which stays, that a rendered text becomes.
  absl::Status KeepValue(absl::string_view rendered);

  // One level of nesting, for as long as it lives. Not thread-safe.
  class Level {
   public:
    explicit Level(Budget* budget) : budget_(budget) { ++budget_->level_; }
    ~Level() { --budget_->level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    // Returns RESOURCE_EXHAUSTED if this level is one too many.
    absl::Status status() const;

   private:
    Budget* budget_;
  };

 private:
  static constexpr int64_t kBytesPerStep = 32;

  TemplateBudget limits_;
  int64_t steps_left_;
  int64_t value_bytes_left_;
  int level_ = 0;
};

// A text that grows within a budget, so that what is written again and again cannot blow up. Not
// thread-safe.
class TextBuilder {
 public:
  explicit TextBuilder(Budget* budget) : budget_(*budget) {}
  // Appends `text` and pays for it. RESOURCE_EXHAUSTED if the whole becomes too large.
  absl::Status Append(absl::string_view text);
  // Returns the text. The builder is of no more use.
  std::string Release() { return std::move(text_); }

 private:
  Budget& budget_;
  std::string text_;
};

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_BUDGET_H_
