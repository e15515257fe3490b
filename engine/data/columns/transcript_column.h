#ifndef KUR_ENGINE_DATA_COLUMNS_TRANSCRIPT_COLUMN_H_
#define KUR_ENGINE_DATA_COLUMNS_TRANSCRIPT_COLUMN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/data/source.h"

namespace kur {

// `text`, which is UTF-8, in lower case.
std::string Lowercase(absl::string_view text);

// The elements of a vocabulary, in lower case and each once; an element's place is the number that
// a model sees. Immutable.
class Vocabulary {
 public:
  // INVALID_ARGUMENT names an element that is there twice (but for its case).
  static absl::StatusOr<Vocabulary> Create(const std::vector<std::string>& elements);

  // The list of strings in a JSON text; `name` stands for the file in messages.
  static absl::StatusOr<Vocabulary> FromJson(const std::string& text, const std::string& name);

  int64_t size() const { return static_cast<int64_t>(numbers_.size()); }
  std::optional<int32_t> Find(const std::string& element) const;
  // By their numbers.
  const std::vector<std::string>& elements() const { return elements_; }

 private:
  std::vector<std::string> elements_;
  absl::flat_hash_map<std::string, int32_t> numbers_;
};

// Transcripts as lists of elements (characters, or words): read one by one, then turned into the
// numbers that a vocabulary gives them. Not thread-safe; the sources are.
class TranscriptColumn {
 public:
  // A transcript of the characters of `text`, which is UTF-8.
  void AddText(absl::string_view text);
  void AddElements(const std::vector<std::string>& elements);

  int64_t size() const { return static_cast<int64_t>(starts_.size()) - 1; }

  // Keeps the transcripts at `indices`, in that order.
  void Select(const std::vector<int64_t>& indices);

  // What occurs, sorted by code point.
  std::vector<std::string> Elements() const;

  // Sources of the transcripts, ragged and padded with 0, and of their lengths. An element that the
  // vocabulary lacks becomes `unknown`, or is left out. INVALID_ARGUMENT if the vocabulary lacks
  // `unknown`.
  struct Sources {
    std::shared_ptr<const Source> transcript;
    std::shared_ptr<const Source> length;
  };
  absl::StatusOr<Sources> Build(const Vocabulary& vocabulary,
                                const std::optional<std::string>& unknown) const;

 private:
  void Push(absl::string_view element);

  std::vector<std::string> symbols_;  // every element that was met, in lower case
  absl::flat_hash_map<std::string, int32_t> numbers_;
  std::vector<int32_t> values_;        // of all transcripts, as indices into symbols_
  std::vector<int64_t> starts_ = {0};  // values before each transcript, and all
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_TRANSCRIPT_COLUMN_H_
