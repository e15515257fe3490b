#include "engine/data/columns/transcript_column.h"

#include <algorithm>
#include <clocale>
#include <cwctype>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "engine/data/array_source.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

// Ragged sequences of numbers, padded with 0.
class TranscriptSource : public Source {
 public:
  TranscriptSource(std::vector<int32_t> values, std::vector<int64_t> starts, SymbolTable symbols)
      : values_(std::move(values)), starts_(std::move(starts)), symbols_(std::move(symbols)) {}

  int64_t size() const override { return static_cast<int64_t>(starts_.size()) - 1; }
  const Shape& shape() const override { return shape_; }
  const SymbolTable& symbols() const override { return symbols_; }

  int64_t Length(int64_t index) const override {
    const auto at = static_cast<size_t>(index);
    return starts_[at + 1] - starts_[at];
  }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    for (int64_t i = 0; i < count; ++i, to += extent) {
      const auto begin = values_.begin() + starts_[static_cast<size_t>(indices[i])];
      std::fill(std::copy_n(begin, Length(indices[i]), to), to + extent, 0.0f);
    }
    return absl::OkStatus();
  }

 private:
  std::vector<int32_t> values_;
  std::vector<int64_t> starts_;
  SymbolTable symbols_;
  Shape shape_ = {kUnknown};
};

}  // namespace

std::string Lowercase(absl::string_view text) {
  // glibc has this locale built in. Its case mapping covers all scripts.
  static const locale_t kLocale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string lower;
  for (const absl::string_view character : SplitCharacters(text)) {
    const char32_t code = CodePointOf(character);
    // Bytes that are no UTF-8 stay what they are.
    if (code < 0x80 || code == kReplacementCharacter || kLocale == nullptr) {
      lower.append(absl::AsciiStrToLower(character));
    } else {
      AppendCodePoint(static_cast<char32_t>(towlower_l(static_cast<wint_t>(code), kLocale)),
                      &lower);
    }
  }
  return lower;
}

absl::StatusOr<Vocabulary> Vocabulary::Create(const std::vector<std::string>& elements) {
  Vocabulary vocabulary;
  for (const std::string& element : elements) {
    const auto number = static_cast<int32_t>(vocabulary.numbers_.size());
    vocabulary.elements_.push_back(Lowercase(element));
    if (!vocabulary.numbers_.emplace(vocabulary.elements_.back(), number).second) {
      return absl::InvalidArgumentError(absl::StrCat("the vocabulary has '", element,
                                                     "' twice (upper and lower case count as "
                                                     "the same)"));
    }
  }
  if (vocabulary.numbers_.empty()) return absl::InvalidArgumentError("the vocabulary is empty");
  return vocabulary;
}

absl::StatusOr<Vocabulary> Vocabulary::FromJson(const std::string& text, const std::string& name) {
  const auto parsed = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  std::vector<std::string> elements;
  bool good = parsed.is_array();
  for (size_t i = 0; good && i < parsed.size(); ++i) {
    good = parsed[i].is_string();
    if (good) elements.push_back(parsed[i].get<std::string>());
  }
  if (!good) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": expected a JSON list of strings"));
  }
  auto vocabulary = Create(elements);
  if (!vocabulary.ok()) return Annotate(vocabulary.status(), name);
  return vocabulary;
}

std::optional<int32_t> Vocabulary::Find(const std::string& element) const {
  const auto found = numbers_.find(element);
  if (found == numbers_.end()) return std::nullopt;
  return found->second;
}

void TranscriptColumn::AddText(absl::string_view text) {
  for (const absl::string_view character : SplitCharacters(text)) Push(character);
  starts_.push_back(static_cast<int64_t>(values_.size()));
}

void TranscriptColumn::AddElements(const std::vector<std::string>& elements) {
  for (const std::string& element : elements) Push(element);
  starts_.push_back(static_cast<int64_t>(values_.size()));
}

void TranscriptColumn::Push(absl::string_view element) {
  const auto [entry, inserted] =
      numbers_.emplace(Lowercase(element), static_cast<int32_t>(symbols_.size()));
  if (inserted) symbols_.push_back(entry->first);
  values_.push_back(entry->second);
}

void TranscriptColumn::Select(const std::vector<int64_t>& indices) {
  std::vector<int32_t> values;
  std::vector<int64_t> starts = {0};
  for (const int64_t index : indices) {
    const auto at = static_cast<size_t>(index);
    values.insert(values.end(), values_.begin() + starts_[at], values_.begin() + starts_[at + 1]);
    starts.push_back(static_cast<int64_t>(values.size()));
  }
  values_ = std::move(values);
  starts_ = std::move(starts);
}

std::vector<std::string> TranscriptColumn::Elements() const {
  std::vector<bool> occurs(symbols_.size());
  for (const int32_t value : values_) occurs[static_cast<size_t>(value)] = true;
  std::vector<std::string> elements;
  for (size_t i = 0; i < symbols_.size(); ++i) {
    if (occurs[i]) elements.push_back(symbols_[i]);
  }
  // UTF-8 sorts by byte as by code point.
  std::sort(elements.begin(), elements.end());
  return elements;
}

absl::StatusOr<TranscriptColumn::Sources> TranscriptColumn::Build(
    const Vocabulary& vocabulary, const std::optional<std::string>& unknown, bool is_listed) const {
  std::optional<int32_t> instead;
  if (unknown.has_value()) {
    instead = vocabulary.Find(Lowercase(*unknown));
    if (!instead.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", *unknown,
                       "' stands for what the vocabulary lacks, so the vocabulary "
                       "must have it"));
    }
  }
  std::vector<std::optional<int32_t>> numbers;
  for (const std::string& symbol : symbols_) {
    const auto number = vocabulary.Find(symbol);
    numbers.push_back(number.has_value() ? number : instead);
  }
  std::vector<int32_t> values;
  std::vector<int64_t> starts = {0};
  std::vector<int64_t> lengths;
  for (size_t i = 0; i + 1 < starts_.size(); ++i) {
    for (int64_t k = starts_[i]; k < starts_[i + 1]; ++k) {
      const auto& number = numbers[static_cast<size_t>(values_[static_cast<size_t>(k)])];
      if (number.has_value()) values.push_back(*number);
    }
    lengths.push_back(static_cast<int64_t>(values.size()) - starts.back());
    starts.push_back(static_cast<int64_t>(values.size()));
  }
  KUR_ASSIGN_OR_RETURN(const Array column, Array::FromValues<int64_t>({size()}, lengths));
  Sources sources;
  sources.transcript = std::make_shared<TranscriptSource>(
      std::move(values), std::move(starts),
      SymbolTable{vocabulary.elements(), /*is_one_hot=*/false, is_listed});
  KUR_ASSIGN_OR_RETURN(sources.length, ArraySource::Create(column));
  return sources;
}

}  // namespace kur
