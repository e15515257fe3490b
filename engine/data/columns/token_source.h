#ifndef KUR_ENGINE_DATA_COLUMNS_TOKEN_SOURCE_H_
#define KUR_ENGINE_DATA_COLUMNS_TOKEN_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/data/columns/column_statistics.h"
#include "engine/data/source.h"
#include "engine/kurfile/specs/token_spec.h"

namespace kur {

// Splits a text, UTF-8, into words or characters. A word is letters and digits without a gap;
// characters beyond ASCII count as letters, and so does an apostrophe between two.
std::vector<std::string> SplitTokens(absl::string_view text, const TokenSpec& tokens);

// Returns what is most frequent in the texts of `training`, from the most frequent on and sorted
// where that is equal, behind the names of padding and of what is unknown.
std::vector<std::string> LearnVocabulary(const std::vector<TrainingSamples>& training,
                                         const TokenSpec& tokens);

// Returns the texts of a source (see Source::TextOf()) as numbers of `vocabulary`: (length,),
// ragged unless the length is given. INVALID_ARGUMENT if nothing is there in any text.
absl::StatusOr<std::shared_ptr<const Source>> Tokenize(const std::shared_ptr<const Source>& source,
                                                       const TokenSpec& tokens,
                                                       const std::vector<std::string>& vocabulary);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_TOKEN_SOURCE_H_
