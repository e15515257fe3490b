#ifndef KUR_ENGINE_TEMPLATE_TEXT_FUNCTIONS_H_
#define KUR_ENGINE_TEMPLATE_TEXT_FUNCTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/template/runtime.h"

// Work on strings that filters and methods share, within the budget.
namespace kur::jinja {

// The texts of `items`, as printed, with `separator` between them.
absl::StatusOr<Object> JoinTexts(Runtime* runtime, const std::vector<Object>& items,
                                 absl::string_view separator);

// Replaces the first `count` occurrences, all if negative. An empty `old_text` stands between all
// characters.
absl::StatusOr<Object> ReplaceText(Runtime* runtime, absl::string_view text,
                                   absl::string_view old_text, absl::string_view new_text,
                                   int64_t count);

// An odd blank goes where str.center() of Python puts it, or with kMiddle to the right.
enum class TextAlignment { kLeft, kRight, kCenter, kMiddle };
// Pads to `width` characters with the character `fill`.
absl::StatusOr<Object> PadText(Runtime* runtime, absl::string_view text, int64_t width,
                               absl::string_view fill, TextAlignment alignment);

// There is a letter with case, and every one has that case.
bool IsUpperText(absl::string_view text);
bool IsLowerText(absl::string_view text);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_TEXT_FUNCTIONS_H_
