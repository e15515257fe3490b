#include "engine/data/columns/token_source.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "engine/data/columns/derived_source.h"
#include "engine/data/columns/float_column.h"
#include "engine/data/columns/unicode_text.h"

namespace kur {
namespace {

constexpr char kPadding[] = "<padding>";
constexpr char kUnknownToken[] = "<unknown>";
constexpr float kUnknownNumber = 1;

bool IsLetter(absl::string_view character) {
  return character.size() > 1 || absl::ascii_isalnum(static_cast<unsigned char>(character[0]));
}

// Sequences of numbers, with the names and texts of what they were made of.
class TokenizedTexts : public DerivedSource {
 public:
  TokenizedTexts(std::shared_ptr<const Source> sequences, std::shared_ptr<const Source> texts,
                 std::vector<std::string> vocabulary)
      : DerivedSource(std::move(sequences)),
        texts_(std::move(texts)),
        symbols_{std::move(vocabulary)} {}

  const SymbolTable& symbols() const override { return symbols_; }
  std::string NameOf(int64_t index) const override { return texts_->NameOf(index); }
  std::string TextOf(int64_t index) const override { return texts_->TextOf(index); }
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    return base().Gather(indices, count, extent, to);
  }

 private:
  const std::shared_ptr<const Source> texts_;
  const SymbolTable symbols_;
};

}  // namespace

std::vector<std::string> SplitTokens(absl::string_view text, const TokenSpec& tokens) {
  const std::string lower = tokens.lower ? LowerText(text) : ComposedText(text);
  const std::vector<absl::string_view> characters = SplitCharacters(lower);
  if (tokens.by == "characters") {
    return {characters.begin(), characters.end()};
  }
  std::vector<std::string> found;
  bool is_inside = false;
  for (size_t i = 0; i < characters.size(); ++i) {
    const bool joins = is_inside && characters[i] == "'" && i + 1 < characters.size() &&
                       IsLetter(characters[i + 1]);
    if (!IsLetter(characters[i]) && !joins) {
      is_inside = false;
      continue;
    }
    if (!is_inside) found.emplace_back();
    is_inside = true;
    found.back().append(characters[i].data(), characters[i].size());
  }
  return found;
}

std::vector<std::string> LearnVocabulary(const std::vector<TrainingSamples>& training,
                                         const TokenSpec& tokens) {
  absl::flat_hash_map<std::string, int64_t> counts;
  for (const TrainingSamples& part : training) {
    for (const int64_t sample : part.samples) {
      for (std::string& token : SplitTokens(part.values->TextOf(sample), tokens)) {
        ++counts[std::move(token)];
      }
    }
  }
  std::vector<std::pair<int64_t, std::string>> sorted;
  sorted.reserve(counts.size());
  for (const auto& [token, count] : counts) sorted.emplace_back(-count, token);
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> vocabulary = {kPadding, kUnknownToken};
  for (auto& [count, token] : sorted) {
    if (static_cast<int64_t>(vocabulary.size()) == tokens.size) break;
    vocabulary.push_back(std::move(token));
  }
  return vocabulary;
}

absl::StatusOr<std::shared_ptr<const Source>> Tokenize(const std::shared_ptr<const Source>& source,
                                                       const TokenSpec& tokens,
                                                       const std::vector<std::string>& vocabulary) {
  absl::flat_hash_map<std::string, float> numbers;
  for (size_t i = 2; i < vocabulary.size(); ++i) {
    numbers.emplace(vocabulary[i], static_cast<float>(i));
  }
  FloatColumn column;
  bool has_any = false;
  for (int64_t sample = 0; sample < source->size(); ++sample) {
    std::vector<std::string> found = SplitTokens(source->TextOf(sample), tokens);
    has_any = has_any || !found.empty();
    const auto length =
        static_cast<size_t>(tokens.length.value_or(static_cast<int64_t>(found.size())));
    for (size_t i = 0; i < length; ++i) {
      const auto number = i < found.size() ? numbers.find(found[i]) : numbers.end();
      column.Push(i >= found.size()         ? 0
                  : number == numbers.end() ? kUnknownNumber
                                            : number->second);
    }
    column.EndSample(static_cast<int64_t>(length));
  }
  if (!has_any) return absl::InvalidArgumentError("no text of it has any words or characters");
  KUR_ASSIGN_OR_RETURN(auto sequences, std::move(column).Build({}));
  return std::make_shared<const TokenizedTexts>(std::move(sequences), source, vocabulary);
}

}  // namespace kur
