#include "engine/template/text_functions.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/text.h"

namespace kur::jinja {
namespace {

// Grows a string within the budget.
class TextBuilder {
 public:
  explicit TextBuilder(Runtime* runtime) : runtime_(*runtime) {}
  absl::Status Append(absl::string_view text) {
    const auto size = static_cast<int64_t>(text_.size() + text.size());
    if (size > runtime_.budget().limits().output_bytes) return runtime_.budget().MakeText(size);
    absl::StrAppend(&text_, text);
    return runtime_.budget().SpendOnText(text.size());
  }
  absl::StatusOr<Object> Take() { return Object(std::move(text_)); }

 private:
  Runtime& runtime_;
  std::string text_;
};

bool HasOnlyCase(absl::string_view text, bool upper) {
  bool found = false;
  for (; !text.empty(); text.remove_prefix(FirstCharacter(text).size())) {
    const char32_t c = CodePoint(FirstCharacter(text));
    if (upper ? IsLower(c) : IsUpper(c)) return false;
    found = found || (upper ? IsUpper(c) : IsLower(c));
  }
  return found;
}

}  // namespace

absl::StatusOr<Object> JoinTexts(Runtime* runtime, const std::vector<Object>& items,
                                 absl::string_view separator) {
  TextBuilder builder(runtime);
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) KUR_RETURN_IF_ERROR(builder.Append(separator));
    KUR_ASSIGN_OR_RETURN(const std::string text, Print(runtime, items[i]));
    KUR_RETURN_IF_ERROR(builder.Append(text));
  }
  return builder.Take();
}

absl::StatusOr<Object> ReplaceText(Runtime* runtime, absl::string_view text,
                                   absl::string_view old_text, absl::string_view new_text,
                                   int64_t count) {
  TextBuilder builder(runtime);
  for (int64_t left = count < 0 ? INT64_MAX : count; left > 0; --left) {
    const size_t at = text.find(old_text);
    if (at == absl::string_view::npos) break;
    KUR_RETURN_IF_ERROR(builder.Append(text.substr(0, at)));
    KUR_RETURN_IF_ERROR(builder.Append(new_text));
    text.remove_prefix(at + old_text.size());
    if (!old_text.empty()) continue;
    if (text.empty()) break;
    const absl::string_view character = FirstCharacter(text);
    KUR_RETURN_IF_ERROR(builder.Append(character));
    text.remove_prefix(character.size());
  }
  KUR_RETURN_IF_ERROR(builder.Append(text));
  return builder.Take();
}

absl::StatusOr<Object> PadText(Runtime* runtime, absl::string_view text, int64_t width,
                               absl::string_view fill, TextAlignment alignment) {
  const int64_t length = CharacterCount(text);
  if (width <= length) return runtime->Text(std::string(text));
  KUR_RETURN_IF_ERROR(runtime->budget().MakeText(width));
  const int64_t missing = width - length;
  int64_t left = 0;
  if (alignment == TextAlignment::kRight) left = missing;
  if (alignment == TextAlignment::kMiddle) left = missing / 2;
  if (alignment == TextAlignment::kCenter) left = missing / 2 + (missing & width & 1);
  std::string result;
  for (int64_t i = 0; i < left; ++i) absl::StrAppend(&result, fill);
  absl::StrAppend(&result, text);
  for (int64_t i = left; i < missing; ++i) absl::StrAppend(&result, fill);
  return runtime->Text(std::move(result));
}

bool IsUpperText(absl::string_view text) { return HasOnlyCase(text, true); }
bool IsLowerText(absl::string_view text) { return HasOnlyCase(text, false); }

}  // namespace kur::jinja
