#ifndef KUR_ENGINE_BASE_GLOB_H_
#define KUR_ENGINE_BASE_GLOB_H_

#include "absl/strings/string_view.h"

namespace kur {

// Returns whether `pattern` matches all of `text`: `*` matches any characters, `?` matches one.
// Takes at most pattern.size() * text.size() steps.
bool MatchesGlob(absl::string_view pattern, absl::string_view text);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_GLOB_H_
