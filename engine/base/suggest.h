#ifndef KUR_ENGINE_BASE_SUGGEST_H_
#define KUR_ENGINE_BASE_SUGGEST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace kur {

// Returns the candidate nearest to `word` by edit distance, ignoring case; a transposition counts
// once. Returns "" if no candidate is near enough to be what a person meant.
std::string Nearest(absl::string_view word, const std::vector<std::string>& candidates);

// Returns "; did you mean 'dense'?" for the nearest candidate, or "" if none is near.
std::string DidYouMean(absl::string_view word, const std::vector<std::string>& candidates);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_SUGGEST_H_
