#ifndef KUR_ENGINE_TEMPLATE_TEXT_WRAP_H_
#define KUR_ENGINE_TEMPLATE_TEXT_WRAP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace kur::jinja {

struct WrapOptions {
  int64_t width = 79;            // characters, at least 1
  bool break_long_words = true;  // cut words that are longer than a line
  bool break_on_hyphens = true;  // a line may end after the hyphen of a compound word
};

// Fills lines with the words of one paragraph, as textwrap.wrap() of Python does.
std::vector<std::string> WrapText(absl::string_view text, const WrapOptions& options);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_TEXT_WRAP_H_
