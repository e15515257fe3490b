#ifndef KUR_ENGINE_BASE_SUGGEST_H_
#define KUR_ENGINE_BASE_SUGGEST_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace kur {

// The candidate nearest to `word` by edit distance (transpositions count once, case is ignored), or
// "" when none is near enough to be what a person meant.
std::string Nearest(absl::string_view word, const std::vector<std::string>& candidates);

// "; did you mean 'dense'?" for the nearest candidate, or "" when none is near.
std::string DidYouMean(absl::string_view word, const std::vector<std::string>& candidates);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_SUGGEST_H_
